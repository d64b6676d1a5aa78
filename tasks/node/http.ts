// `node:http` for the bundles, taken as Node's own modules take it: as an import its lazy members are read, and one of them loads all of `fetch`.

const http: typeof import("node:http") = process.getBuiltinModule("node:http");

export const { Agent, request } = http;
export default http;

// `node:process` for the bundles: as an import all its lazy members are read, among them the diagnostic report.

export const { env, versions } = process;

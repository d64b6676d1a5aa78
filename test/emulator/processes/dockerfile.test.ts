// The Dockerfile subset: what is understood, and that everything else is refused with its line and name.

import { expect, it } from "vitest";
import { parseDockerfile } from "../../../emulator/processes/dockerfile.ts";

it("reads a whole recipe", () => {
  const text = `# syntax=docker/dockerfile:1
FROM --platform=linux/arm64 public.ecr.aws/docker/library/node:24-slim
WORKDIR /srv
WORKDIR job
ENV A=1 B="two \\"words\\"" \\
    C=three
COPY --chown=node:node . .
COPY launcher.mjs main.mjs bin/
USER node
ENTRYPOINT ["node", "launcher.mjs"]
CMD ["help"]
`;
  expect(parseDockerfile(text)).toEqual({
    workingDirectory: "/srv/job",
    environment: { A: "1", B: 'two "words"', C: "three" },
    user: "node",
    entryPoint: ["node", "launcher.mjs"],
    command: ["help"],
    copies: [
      { sources: ["."], destination: "/srv/job/" },
      { sources: ["launcher.mjs", "main.mjs"], destination: "/srv/job/bin/" },
    ],
  });
});

it.each([
  ["FROM node:24", { workingDirectory: "/", user: "root", entryPoint: [], command: ["node"] }],
  [`FROM node@sha256:${"a".repeat(64)}\nENTRYPOINT ["node"]`, { entryPoint: ["node"], command: [] }],
  ["FROM node:24\nWORKDIR /a/../b", { workingDirectory: "/b" }],
  ["FROM node:24\nCOPY a.mjs /x/b.mjs", { copies: [{ sources: ["a.mjs"], destination: "/x/b.mjs" }] }],
])("reads %j", (text, expected) => {
  expect(parseDockerfile(text)).toMatchObject(expected);
});

it.each([
  ["FROM node:24\nRUN npm ci", "line 2 (RUN npm ci): RUN is not modelled"],
  ["FROM node:24\nARG X", "line 2 (ARG X): ARG is not modelled"],
  ["FROM python:3", "FROM python:3 is not a plain Node.js image"],
  ["FROM node:24 AS build", "FROM node:24 AS build is not a plain Node.js image"],
  ["FROM node:24\nFROM node:24", "line 2 (FROM node:24): a second FROM"],
  ["FROM node:24\nENTRYPOINT node x.mjs", "the shell form is not modelled"],
  ["FROM node:24\nCOPY --from=build /a /b", "COPY --from=build is not modelled"],
  ["FROM node:24\nENV HOME=$X", "variables are not modelled"],
  ["FROM node:24\nENV A 1", "write ENV as NAME=value"],
  ["WORKDIR /a", "the first instruction must be FROM"],
  ["# nothing", "there is no FROM"],
])("refuses %j", (text, message) => {
  expect(() => parseDockerfile(text)).toThrow(message);
});

// The first identity of an empty account: an IAM user who may do everything, as a new AWS account's owner would create first.

import type { Credentials, Environment } from "../../service.ts";
import { parseIdentityPolicy } from "./policy-document.ts";
import type { IamStore } from "./store.ts";

const administratorName = "administrator";

const everything = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });

/** Creates the user with an inline policy and one long-term key. */
export function bootstrapAdministrator(store: IamStore, environment: Environment): Credentials {
  const createdAtMs = environment.clock.now();
  store.users.set(administratorName, {
    kind: "user",
    name: administratorName,
    path: "/",
    id: environment.uniqueId("AIDA"),
    arn: `arn:aws:iam::${environment.account}:user/${administratorName}`,
    createdAtMs,
    inline: new Map([["AdministratorAccess", parseIdentityPolicy(everything)]]),
    attached: new Set(),
    tags: new Map(),
    groups: new Set(),
  });
  const accessKeyId = environment.uniqueId("AKIA");
  const secretAccessKey = Buffer.from(environment.randomBytes(30)).toString("base64");
  store.accessKeys.set(accessKeyId, { accessKeyId, secretAccessKey, userName: administratorName, createdAtMs, active: true });
  return { accessKeyId, secretAccessKey };
}

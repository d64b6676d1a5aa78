// Every action that the deployed templates allow to somebody, read off the policies themselves.

import { GetKeyPolicyCommand, KMSClient, paginateListKeys } from "@aws-sdk/client-kms";
import { adminPolicyName, auditorPolicyName, jobBoundaryName, operatorPolicyName } from "../../core/naming.ts";
import type { PolicyHolder, StoredDocument } from "../../emulator/services/iam/store.ts";
import type { PolicyDocument, Statement } from "../../policy/document.ts";
import type { Deployed } from "./attacked-account.ts";

const listOf = <Value>(value: Value | readonly Value[] | undefined): readonly Value[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly Value[]) : [value as Value];

const allowed = ({ Statement: statements }: PolicyDocument): readonly Statement[] =>
  listOf(statements as Statement | readonly Statement[]).filter(({ Effect }) => Effect === "Allow");

function actionsOf(document: PolicyDocument): readonly string[] {
  return allowed(document).flatMap(({ Action, NotAction, Sid }) => {
    if (NotAction !== undefined) throw new Error(`statement ${Sid} allows all but some actions; what it allows cannot be listed`);
    return listOf(Action);
  });
}

const documentsOf = ({ inline }: PolicyHolder): readonly PolicyDocument[] =>
  [...inline.values()].map(({ document }: StoredDocument) => document);

/** Who holds a managed policy of the templates; a boundary gives nothing. */
const holders: Readonly<Record<string, string>> = {
  [operatorPolicyName]: "operator",
  [auditorPolicyName]: "auditor",
  [adminPolicyName]: "alice with MFA",
};

/** `<principal> <action>`, once each: of the roles' policies, of the managed policies, and of the keys' policies where they name a role. */
export async function templateGrants({ emulator, administrator }: Deployed): Promise<ReadonlySet<string>> {
  const { store, gateway } = emulator;
  const grants = new Set<string>();
  for (const role of store.roles.values()) {
    for (const action of documentsOf(role).flatMap(actionsOf)) grants.add(`${role.name} ${action}`);
  }
  for (const policy of store.policies.values()) {
    if (policy.name === jobBoundaryName) continue;
    const holder = holders[policy.name];
    const version = policy.versions.get(policy.defaultVersionId);
    if (holder === undefined || version === undefined) throw new Error(`nobody is known to hold the policy ${policy.name}`);
    for (const action of actionsOf(version.document)) grants.add(`${holder} ${action}`);
  }
  for (const document of await keyPolicies(new KMSClient(gateway.clientOptions(administrator)))) {
    for (const { Principal, Action } of allowed(document)) {
      const named = typeof Principal === "object" ? listOf(Principal["AWS"]) : [];
      for (const [, role] of named.map((arn) => /:role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [])) {
        if (role !== undefined) for (const action of listOf(Action)) grants.add(`${role} ${action}`);
      }
    }
  }
  return grants;
}

async function keyPolicies(kms: KMSClient): Promise<readonly PolicyDocument[]> {
  const documents: PolicyDocument[] = [];
  for await (const { Keys = [] } of paginateListKeys({ client: kms }, {})) {
    for (const { KeyId } of Keys) {
      const { Policy = "" } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
      documents.push(JSON.parse(Policy) as PolicyDocument);
    }
  }
  return documents;
}

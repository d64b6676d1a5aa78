// How a service principal gets a role's credentials: the role's trust policy must allow it, for the resource on whose behalf it acts.

import { AwsError } from "../../aws-error.ts";
import { authorizeServicePrincipal } from "../../gateway/authorize.ts";
import type { Environment, ServiceRoles } from "../../service.ts";
import { type IamStore, roleByArn } from "../iam/store.ts";
import { roleCaller } from "./assume-role.ts";
import { issueSession } from "./sessions.ts";

export const serviceRoles = ({ store, environment }: { store: IamStore; environment: Environment }): ServiceRoles => ({
  async assumeAsService({ service, roleArn, sessionName, sourceArn, durationSeconds = 3600 }) {
    const role = roleByArn(store, roleArn);
    const denial = new AwsError("AccessDenied", `User: ${service} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`, {
      statusCode: 403,
    });
    if (role === undefined) throw denial;
    authorizeServicePrincipal(
      {
        action: "sts:AssumeRole",
        resource: role.arn,
        context: { "sts:RoleSessionName": sessionName },
        resourcePolicy: role.trust.document,
        resourceKind: "role-trust",
        onDenied: () => denial,
      },
      { service, sourceArn, account: environment.account, region: environment.region, nowMs: environment.clock.now() },
    );
    const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs, caller } = issueSession(
      { ...roleCaller(role, sessionName, Object.fromEntries(role.tags)), session: { kind: "AssumeRole", policies: [] }, durationSeconds },
      { store, environment },
    );
    return { accessKeyId, secretAccessKey, sessionToken, expiresAtMs, arn: caller.arn };
  },
});

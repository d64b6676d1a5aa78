// Console passwords: their existence matters here, since reports and audits ask for it; nobody can sign in to a console with one.

import type {
  CreateLoginProfileCommandInput,
  DeleteLoginProfileCommandInput,
  GetLoginProfileCommandInput,
  UpdateLoginProfileCommandInput,
} from "@aws-sdk/client-iam";
import { AwsError } from "../../aws-error.ts";
import { ask, type IamAccount, operation, targetArn, userOf } from "./account.ts";
import { noSuch, required } from "./faults.ts";
import type { User } from "./store.ts";
import { namedOrCaller } from "./users.ts";

/** AWS's default password policy: length, and three of four kinds of characters. */
function checkPassword(password: string): void {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w\s]/].filter((kind) => kind.test(password)).length;
  if (password.length < 8 || kinds < 3)
    throw new AwsError(
      "PasswordPolicyViolation",
      "Password should have a minimum length of 8 and three of lower case, upper case, numbers and symbols",
    );
}

const view = (user: User, login: NonNullable<User["login"]>) => ({
  UserName: user.name,
  CreateDate: new Date(login.createdAtMs),
  PasswordResetRequired: login.passwordResetRequired,
});

function loginOf(user: User): NonNullable<User["login"]> {
  if (user.login === undefined) throw noSuch(`Login Profile for User ${user.name} cannot be found.`);
  return user.login;
}

export const loginProfileOperations = (iam: IamAccount) => {
  const onUser = (action: string, name: string | undefined) => [ask(action, targetArn(iam, "user", name))];
  return {
    CreateLoginProfile: operation<CreateLoginProfileCommandInput>({
      permissions: (input, call) => onUser("CreateLoginProfile", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const user = userOf(iam, namedOrCaller(input.UserName, call));
        if (user.login !== undefined)
          throw new AwsError("EntityAlreadyExists", `Login Profile for user ${user.name} already exists.`, { statusCode: 409 });
        checkPassword(required(input.Password, "password"));
        user.login = { createdAtMs: iam.environment.clock.now(), passwordResetRequired: input.PasswordResetRequired ?? false };
        return { LoginProfile: view(user, user.login) };
      },
    }),
    GetLoginProfile: operation<GetLoginProfileCommandInput>({
      permissions: (input, call) => onUser("GetLoginProfile", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const user = userOf(iam, namedOrCaller(input.UserName, call));
        return { LoginProfile: view(user, loginOf(user)) };
      },
    }),
    UpdateLoginProfile: operation<UpdateLoginProfileCommandInput>({
      permissions: (input) => onUser("UpdateLoginProfile", input.UserName),
      run(input) {
        const user = userOf(iam, input.UserName);
        if (input.Password !== undefined) checkPassword(input.Password);
        user.login = { ...loginOf(user), passwordResetRequired: input.PasswordResetRequired ?? false };
        return {};
      },
    }),
    DeleteLoginProfile: operation<DeleteLoginProfileCommandInput>({
      permissions: (input, call) => onUser("DeleteLoginProfile", namedOrCaller(input.UserName, call)),
      run(input, call) {
        const user = userOf(iam, namedOrCaller(input.UserName, call));
        loginOf(user);
        delete user.login;
        return {};
      },
    }),
  };
};

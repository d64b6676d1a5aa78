import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { describe, expect, it } from "vitest";
import { readAdminCredentialWith } from "../../../tasks/validate-mfa/admin-credential.ts";

const answering = (answer: () => unknown) => {
  const asked: unknown[] = [];
  const send = async (command: { input: unknown }) => {
    asked.push(command.input);
    return answer();
  };
  // Only `send` is used of the client.
  return { asked, read: readAdminCredentialWith({ send } as unknown as SecretsManagerClient) };
};

const awsError = (name: string, message: string) => () => {
  throw Object.assign(new Error(message), { name });
};

const credential = { accessKeyId: "AKIAIOSFODNN7EXAMPL", secretAccessKey: "s/e+c", mfaSerial: "arn:aws:iam::111122223333:mfa/alice" };
const mend =
  "An IAM admin mends it with keyturn admin rotate alice; for a new device, with keyturn admin remove alice and keyturn admin enroll alice.";

describe("the admin's credential", () => {
  it("is read from the admin's own secret", async () => {
    const { read, asked } = answering(() => ({ SecretString: JSON.stringify(credential) }));
    expect(await read("alice")).toEqual(credential);
    expect(asked).toEqual([{ SecretId: "keyturn/admins/alice" }]);
  });

  it.each<[string, () => unknown, string, string]>([
    [
      "no such secret",
      awsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
      "AdminUnknown",
      "There is no secret keyturn/admins/alice, which the keys stack makes: deploy that stack. An IAM admin enrols with keyturn admin enroll alice.",
    ],
    [
      "a secret without a value",
      awsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"),
      "CredentialMissing",
      "The secret keyturn/admins/alice has no value yet: alice is not enrolled. An IAM admin enrols with keyturn admin enroll alice.",
    ],
    [
      "the marker that keyturn admin remove leaves",
      () => ({ SecretString: '{"removed":true}' }),
      "CredentialMissing",
      "The secret keyturn/admins/alice holds no key: alice was removed. An IAM admin enrols with keyturn admin enroll alice.",
    ],
    [
      "a secret that is being deleted",
      awsError("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion."),
      "CredentialMissing",
      "The secret keyturn/admins/alice is marked for deletion. An administrator of the account restores it with aws secretsmanager restore-secret --secret-id keyturn/admins/alice.",
    ],
    ...(
      [
        ["a binary value", {}],
        ["text that is no JSON", { SecretString: "s/e+c" }],
        ["JSON without the serial", { SecretString: JSON.stringify({ ...credential, mfaSerial: undefined }) }],
        ["JSON null", { SecretString: "null" }],
      ] as const
    ).map(
      ([what, answer]) =>
        [
          what,
          () => answer,
          "CredentialMissing",
          `The secret keyturn/admins/alice does not hold an access key with its MFA serial. ${mend}`,
        ] as [string, () => unknown, string, string],
    ),
  ])("%s has a name and a way out", async (_what, answer, name, message) => {
    await expect(answering(answer).read("alice")).rejects.toThrow(expect.objectContaining({ name, message }));
  });

  it("is never quoted, not even as a cause: a JSON error shows the beginning of what it could not read", async () => {
    const error = await answering(() => ({ SecretString: "AKIASECRET" }))
      .read("alice")
      .catch((thrown: unknown) => thrown as Error);
    expect((error as Error).cause).toBeUndefined();
    expect(JSON.stringify([error, (error as Error).stack])).not.toContain("AKIASECRET");
  });

  it.each(["AccessDeniedException", "ThrottlingException", "InternalServiceError", "DecryptionFailure"])(
    "lets %s through as it is",
    async (name) => {
      await expect(answering(awsError(name, "as it is")).read("alice")).rejects.toMatchObject({ name, message: "as it is" });
    },
  );
});

// The relay of sealed envelopes: who may seal, open and re-address on each hop.

import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient, ReEncryptCommand } from "@aws-sdk/client-kms";
import { encryptionContext } from "../../core/envelope.ts";
import { keyAlias, launcherRoleName, roleNames } from "../../core/naming.ts";
import type { Principal } from "./attacked-account.ts";
import type { Probe } from "./probe.ts";
import { jobs, subject } from "./specimens.ts";

const context = {
  code: encryptionContext.code(subject),
  session: encryptionContext.mfaSession(subject),
  credentials: encryptionContext.jobCredentials(subject),
  launch: encryptionContext.launch(subject),
};

const open = (KeyId: string, CiphertextBlob: Uint8Array, EncryptionContext: Readonly<Record<string, string>>) =>
  new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext });
const newKey = (KeyId: string, EncryptionContext: Readonly<Record<string, string>>) =>
  new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext });

export const relayProbes: readonly Probe[] = [
  {
    what: "seal a code",
    may: ["operator"],
    attempt: (clientOf) =>
      clientOf(KMSClient).send(
        new EncryptCommand({ KeyId: keyAlias.code, Plaintext: Buffer.from("123456"), EncryptionContext: context.code }),
      ),
  },
  {
    what: "open a code",
    may: [roleNames.validateMfa],
    attempt: (clientOf, _at, { sealedCode }) => clientOf(KMSClient).send(open(keyAlias.code, sealedCode, context.code)),
  },
  {
    what: "seal an MFA session",
    may: [roleNames.validateMfa],
    attempt: (clientOf) => clientOf(KMSClient).send(newKey(keyAlias.mfaSession, context.session)),
  },
  {
    what: "open an MFA session",
    may: [roleNames.retrieveCredentials],
    attempt: (clientOf, _at, { mfaSession }) => clientOf(KMSClient).send(open(keyAlias.mfaSession, mfaSession, context.session)),
  },
  {
    what: "seal job credentials",
    may: [roleNames.retrieveCredentials],
    attempt: (clientOf) => clientOf(KMSClient).send(newKey(keyAlias.jobCredentials, context.credentials)),
  },
  {
    what: "open job credentials before they are addressed",
    may: [],
    attempt: (clientOf, _at, { jobCredentials }) =>
      clientOf(KMSClient).send(open(keyAlias.jobCredentials, jobCredentials, context.credentials)),
  },
  {
    what: "address job credentials to the job",
    may: [roleNames.authorizeSubmission],
    attempt: (clientOf, _at, { jobCredentials }) =>
      clientOf(KMSClient).send(
        new ReEncryptCommand({
          CiphertextBlob: jobCredentials,
          SourceKeyId: keyAlias.jobCredentials,
          SourceEncryptionContext: context.credentials,
          DestinationKeyId: keyAlias.job("credential-report"),
          DestinationEncryptionContext: context.launch,
        }),
      ),
  },
  {
    what: "address an MFA session to the job",
    may: [],
    attempt: (clientOf, _at, { mfaSession }) =>
      clientOf(KMSClient).send(
        new ReEncryptCommand({
          CiphertextBlob: mfaSession,
          SourceKeyId: keyAlias.mfaSession,
          SourceEncryptionContext: context.session,
          DestinationKeyId: keyAlias.job("credential-report"),
          DestinationEncryptionContext: context.launch,
        }),
      ),
  },
  {
    what: "seal for a job without job credentials",
    may: [],
    attempt: (clientOf) => clientOf(KMSClient).send(newKey(keyAlias.job("credential-report"), context.launch)),
  },
  ...jobs.map(
    (job): Probe => ({
      what: `open ${job}'s envelope`,
      may: [launcherRoleName(job) as Principal],
      attempt: (clientOf, _at, { launch }) =>
        clientOf(KMSClient).send(open(keyAlias.job(job), launch[job], encryptionContext.launch({ ...subject, job }))),
    }),
  ),
];

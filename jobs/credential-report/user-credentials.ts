// What the report knows of a user, as read from IAM and before any judgement.

/** Times are ISO 8601. */
export interface AccessKey {
  readonly id: string;
  readonly active: boolean;
  readonly createdAt: string;
  /** Absent if IAM has never seen it used. */
  readonly lastUsedAt?: string;
  /** Service and region of the last use, e.g. `s3 in us-east-1`. */
  readonly lastUsedFor?: string;
}

export interface UserCredentials {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: string;
  readonly accessKeys: readonly AccessKey[];
  /** Serial numbers. */
  readonly mfaDevices: readonly string[];
  /** Absent if the user has no console password. */
  readonly password?: { readonly createdAt: string; readonly lastUsedAt?: string };
}

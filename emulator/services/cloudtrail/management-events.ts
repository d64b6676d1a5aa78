// Which calls are management events, and which of those only read.
// Source: "Logging management events" and "Logging data events", CloudTrail User Guide; the CloudTrail page of each service's own guide.

/** Data events and calls that CloudTrail never logs; the event history has neither. */
const unlogged: Readonly<Record<string, RegExp>> = {
  s3: /^HeadBucket$|Object(?!LockConfiguration)/,
  dynamodb: /Item$|^(Query|Scan)$/,
  lambda: /^Invoke$/,
  sqs: /^(Send|Receive|Delete)Message|^ChangeMessageVisibility/,
  sns: /^Publish/,
  events: /^PutEvents$/,
  logs: /LogEvents$/,
  states: /^GetActivityTask$/,
};

/** @param service - endpoint name */
export const isManagementEvent = (service: string, operation: string): boolean => unlogged[service]?.test(operation) !== true;

const readsByName = /^(Get|List|Describe|Head|Lookup|Validate|Simulate|Test)/;
/** What CloudTrail counts as reading though its name does not say so. */
const readsToo: Readonly<Record<string, RegExp>> = {
  kms: /^(Decrypt|Encrypt|GenerateDataKey|ReEncrypt)/,
  sts: /^AssumeRole$/,
};

export const isReadOnly = (service: string, operation: string): boolean =>
  readsByName.test(operation) || readsToo[service]?.test(operation) === true;

// Step Functions' API for those who do a task's work: answers by task token, and activities.

import type {
  CreateActivityInput,
  DeleteActivityInput,
  DescribeActivityInput,
  GetActivityTaskInput,
  ListActivitiesInput,
  SendTaskFailureInput,
  SendTaskHeartbeatInput,
  SendTaskSuccessInput,
} from "@aws-sdk/client-sfn";
import type { Json } from "../../../core/canonical-json.ts";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { page } from "../../page.ts";
import type { Operation, Permission, Service } from "../../service.ts";
import { payloadLimitBytes } from "../../states/state-error.ts";
import type { Activities, Activity } from "./activities.ts";
import type { Callbacks } from "./callbacks.ts";
import type { Executions } from "./executions.ts";
import { invalidToken, pageLimit } from "./names.ts";

interface Dependencies {
  readonly callbacks: Callbacks;
  readonly activities: Activities;
  readonly executions: Executions;
}

/** AWS offers no resource level for the three: whoever has the token may answer, if allowed to answer at all. */
const anyTask = (action: string) => (): readonly Permission[] => [{ action, resource: "*" }];

export function callbackOperations({ callbacks, activities, executions }: Dependencies): Service["operations"] {
  /** What is sent becomes part of an execution under its machine's key. */
  const seal = async (token: string): Promise<void> => {
    await executions.get(callbacks.executionOf(token)).stateMachine.key?.seal();
  };
  const sendTaskSuccess: Operation<SendTaskSuccessInput> = {
    permissions: anyTask("states:SendTaskSuccess"),
    async run({ taskToken = "", output = "" }) {
      const value = parsedOutput(output);
      await seal(taskToken);
      callbacks.succeed(taskToken, value);
      return {};
    },
  };
  const sendTaskFailure: Operation<SendTaskFailureInput> = {
    permissions: anyTask("states:SendTaskFailure"),
    async run({ taskToken = "", error, cause }) {
      await seal(taskToken);
      callbacks.fail(taskToken, { error, cause });
      return {};
    },
  };
  const sendTaskHeartbeat: Operation<SendTaskHeartbeatInput> = {
    permissions: anyTask("states:SendTaskHeartbeat"),
    run({ taskToken = "" }) {
      callbacks.heartbeat(taskToken);
      return {};
    },
  };
  const createActivity: Operation<CreateActivityInput> = {
    permissions: ({ name = "" }) => [{ action: "states:CreateActivity", resource: activities.arnOf(name) }],
    run({ name = "", tags = [], encryptionConfiguration }) {
      if (encryptionConfiguration?.type === "CUSTOMER_MANAGED_KMS_KEY") throw notImplemented("An activity with a customer managed key");
      const activity = activities.create(name, new Map(tags.map(({ key = "", value = "" }) => [key, value])));
      return { activityArn: activity.arn, creationDate: new Date(activity.createdAtMs) };
    },
  };
  const describeActivity: Operation<DescribeActivityInput> = {
    permissions: ({ activityArn = "" }) => [{ action: "states:DescribeActivity", resource: activityArn }],
    run: ({ activityArn = "" }) => described(activities.get(activityArn)),
  };
  const deleteActivity: Operation<DeleteActivityInput> = {
    permissions: ({ activityArn = "" }) => [{ action: "states:DeleteActivity", resource: activityArn }],
    run({ activityArn = "" }) {
      activities.delete(activityArn);
      return {};
    },
  };
  const listActivities: Operation<ListActivitiesInput> = {
    permissions: () => [{ action: "states:ListActivities", resource: "*" }],
    run(input) {
      const { items, nextToken } = page(activities.list(), {
        limit: pageLimit(input.maxResults),
        token: input.nextToken,
        invalid: invalidToken,
      });
      return { activities: items.map(described), ...(nextToken === undefined ? {} : { nextToken }) };
    },
  };
  const getActivityTask: Operation<GetActivityTaskInput> = {
    permissions: ({ activityArn = "" }) => [{ action: "states:GetActivityTask", resource: activityArn }],
    async run({ activityArn = "", workerName }) {
      const task = await activities.take(activityArn, workerName);
      return task === undefined ? {} : { taskToken: task.token, input: task.input };
    },
  };
  return {
    SendTaskSuccess: sendTaskSuccess,
    SendTaskFailure: sendTaskFailure,
    SendTaskHeartbeat: sendTaskHeartbeat,
    CreateActivity: createActivity,
    DescribeActivity: describeActivity,
    DeleteActivity: deleteActivity,
    ListActivities: listActivities,
    GetActivityTask: getActivityTask,
  };
}

const described = ({ arn, name, createdAtMs }: Activity): object => ({ activityArn: arn, name, creationDate: new Date(createdAtMs) });

function parsedOutput(output: string): Json {
  if (Buffer.byteLength(output) > payloadLimitBytes) {
    throw new AwsError("InvalidOutput", `Invalid Output: the output has more than ${payloadLimitBytes} bytes`);
  }
  try {
    return JSON.parse(output) as Json;
  } catch (cause) {
    throw new AwsError("InvalidOutput", `Invalid Output: '${(cause as Error).message}'`, { cause });
  }
}

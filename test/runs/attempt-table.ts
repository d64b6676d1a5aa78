// The MfaAttempts table in memory, with DynamoDB's conditional writes, each call a step that somebody else may put off.

import { ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";

type Item = NonNullable<PutItemCommand["input"]["Item"]>;
type Value = Item[string];

/** Does a step when its time comes. */
export type Schedule = <Result>(step: () => Result) => Promise<Result>;

/** Whether this write's answer is lost, so that the client sends it again. */
export type LosesAnswer = () => boolean;

export class AttemptTable {
  readonly #items = new Map<string, Item>();
  readonly #schedule: Schedule;
  readonly #losesAnswer: LosesAnswer;

  constructor(schedule: Schedule, losesAnswer: LosesAnswer = () => false) {
    this.#schedule = schedule;
    this.#losesAnswer = losesAnswer;
  }

  /** What the attempt store uses of a client, and nothing else. */
  get client(): DynamoDBClient {
    return { send: (command: unknown) => this.#send(command) } as unknown as DynamoDBClient;
  }

  async #send(command: unknown): Promise<unknown> {
    if (command instanceof GetItemCommand) return this.#schedule(() => this.#get(command.input));
    if (!(command instanceof PutItemCommand)) throw new Error("the attempt store makes a call that this table does not know");
    const put = () => this.#schedule(() => this.#put(command.input));
    if (!this.#losesAnswer()) return put();
    await put().catch(() => undefined);
    return put();
  }

  #get({ Key, ConsistentRead }: GetItemCommand["input"]): { Item?: Item } {
    if (ConsistentRead !== true) throw new Error("the attempt store reads what may be old");
    const item = this.#items.get(keyOf(Key ?? {}));
    return item === undefined ? {} : { Item: item };
  }

  #put({ Item: item = {}, ConditionExpression = "", ExpressionAttributeValues = {}, ReturnValues }: PutItemCommand["input"]): object {
    const before = this.#items.get(keyOf(item));
    if (!holds(ConditionExpression, before, ExpressionAttributeValues)) {
      throw new ConditionalCheckFailedException({ message: "The conditional request failed", $metadata: {} });
    }
    this.#items.set(keyOf(item), structuredClone(item));
    return ReturnValues === "ALL_OLD" && before !== undefined ? { Attributes: before } : {};
  }
}

const keyOf = (item: Record<string, Value>): string => `${item["admin"]?.S}\n${item["attempt"]?.S}`;

/** Disjunctions of `attribute_not_exists(name)` and comparisons of a number with a given one: what the attempt store asks for. */
function holds(expression: string, item: Item | undefined, values: Record<string, Value>): boolean {
  return expression.split(" OR ").some((term) => {
    const absent = /^attribute_not_exists\((?<name>\w+)\)$/.exec(term)?.groups?.["name"];
    if (absent !== undefined) return item?.[absent] === undefined;
    const { name = "", operator, value = "" } = /^(?<name>\w+) (?<operator><=|=) (?<value>:\w+)$/.exec(term)?.groups ?? {};
    const [left, right] = [item?.[name]?.N, values[value]?.N];
    if (operator === undefined || right === undefined) throw new Error(`this table does not know the condition ${term}`);
    if (left === undefined) return false;
    return operator === "=" ? Number(left) === Number(right) : Number(left) <= Number(right);
  });
}

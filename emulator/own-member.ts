// Looking names up that a caller chose: `constructor` and `toString` are members of every object by birth, and never what was asked for.

/** The member of that name which `record` itself has. */
export const ownMember = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

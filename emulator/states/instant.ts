// Timestamps of the Amazon States Language, told apart from what JavaScript alone would also take for a date.

/** Date, capital T, time with seconds, offset. */
const offsetDateTime = /^(\d{4}-\d{2}-(\d{2}))T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Milliseconds since the epoch; undefined where the text is no timestamp, or a day that its month does not have. */
export function parseInstant(text: string): number | undefined {
  const [, date, day] = offsetDateTime.exec(text) ?? [];
  if (date === undefined) return undefined;
  // JavaScript moves 30 February on to March.
  if (new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(day)) return undefined;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(ms) ? undefined : ms;
}

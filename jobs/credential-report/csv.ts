// CSV that a spreadsheet shows as text: IAM names may begin with =, +, - or @, which a spreadsheet would run as a formula.

/** Quotes one cell (RFC 4180) and disarms a leading formula character with an apostrophe (OWASP, CSV injection). */
export function csvCell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines end with CR LF, the last one too. */
export const csv = (rows: readonly (readonly (string | number)[])[]): string =>
  rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");

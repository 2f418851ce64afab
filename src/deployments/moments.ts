/** Reads a UTC day (its midnight) or an instant; null for what is neither. */
export function parseMoment(text: string): Temporal.Instant | null {
  // What does not begin as a year or its sign is told without an exception, which takes a hundred times as long.
  if (!/^[+\-−\d]\d{3}/.test(text)) return null;
  try {
    return /^\d{4}-\d{2}-\d{2}$/.test(text)
      ? Temporal.PlainDate.from(text).toZonedDateTime('UTC').toInstant()
      : Temporal.Instant.from(text);
  } catch {
    return null;
  }
}

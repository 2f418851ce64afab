/** Reads a UTC day (its midnight) or an instant; null for what is neither. */
export function parseMoment(text: string): Temporal.Instant | null {
  try {
    return /^\d{4}-\d{2}-\d{2}$/.test(text)
      ? Temporal.PlainDate.from(text).toZonedDateTime('UTC').toInstant()
      : Temporal.Instant.from(text);
  } catch {
    return null;
  }
}

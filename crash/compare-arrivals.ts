/** A connection of a sink, and when it ended. */
export interface SinkConnection {
  /** As performance.now() has it; null: it has not. */
  endedMs: number | null;
}

/** A message that a sink has taken for a recipient. */
export interface Arrival {
  /** When its 250 was said; null: the sink hung up instead. */
  readonly saidMs: number | null;
  readonly connection: Readonly<SinkConnection>;
}

/** Of a relay that was killed, so long after it its connections are seen to end: the sinks share their process with six clients. */
export const DEATH_MS = 5_000;
/** A relay has written down after so long what it was told, on a machine that has much else to do. */
export const WRITTEN_MS = 5_000;

/**
 * Whether SMTP itself cannot know that the message arrived, so that it has to come again: nobody said so, or who heard it was killed before
 * that was written down. They may have ended the connection before, as it had served for long enough.
 *
 * @param killsMs when relays were killed
 */
function isUnheard({ saidMs, connection }: Arrival, killsMs: readonly number[]): boolean {
  if (saidMs === null) return true;
  const { endedMs } = connection;
  return killsMs.some((killMs) => endedMs !== null && endedMs <= killMs + DEATH_MS && saidMs >= killMs - WRITTEN_MS);
}

/** What came of a recipient whose message is to arrive once. @returns null if nothing is wrong */
export function faultOf(arrivals: readonly Arrival[], killsMs: readonly number[]): 'lost' | 'twice' | null {
  if (arrivals.length === 0) return 'lost';
  return arrivals.slice(0, -1).every((arrival) => isUnheard(arrival, killsMs)) ? null : 'twice';
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 86_400_000;

/**
 * How long a blob that nothing names stays: longer than any upload takes from its last octet to its commit, than any client
 * reads a message that was removed, and than it takes to notice that a database was restored to the day before.
 */
export const BLOB_GRACE_MS = 24 * 60 * MINUTE_MS;

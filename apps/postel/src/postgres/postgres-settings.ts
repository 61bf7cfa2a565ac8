/** In Postgres's data directory, included by its postgresql.conf. */
export const SETTINGS_FILE = 'postel.conf';

/** How much is expected of the embedded Postgres. */
export interface PostgresScale {
  readonly connections: number;
  /** What it holds of the database in memory, and what it takes the system to hold besides. */
  readonly sharedBuffersMb: number;
  readonly systemCacheMb: number;
}

/** A server for one person, or for tests. */
export const SMALL: PostgresScale = { connections: 100, sharedBuffersMb: 64, systemCacheMb: 512 };

const MB = 1024 * 1024;

/**
 * A server for many, on a machine with so much memory (with `imap.processes` at most 16). Each of the IMAP processes has 9
 * connections, SMTP 11, the supervisor 1, and while a process is replaced its successor has them too; the rest is for commands
 * and for whoever looks into the database. An eighth of the memory is for the database: the app processes need theirs, and
 * the system's cache serves blobs as well.
 */
export function scaleFor(memoryOctets: number): PostgresScale {
  const sharedBuffersMb = Math.round(Math.min(Math.max(memoryOctets / MB / 8, 64), 1_024));
  return { connections: 250, sharedBuffersMb, systemCacheMb: Math.round(Math.max(memoryOctets / MB / 2, 256)) };
}

/**
 * What Postel asks of its own Postgres: nothing that was confirmed is ever lost, and little memory (`SMALL`: 22 MB idle, where
 * the defaults take 40).
 */
export function postgresSettings({ connections, sharedBuffersMb, systemCacheMb }: PostgresScale): string {
  return `# Written by Postel at each start; your own settings belong into postgresql.conf, below the include.

# 250 and OK are said after the commit, and a commit is on the disk.
fsync = on
synchronous_commit = on
full_page_writes = on

# One machine, one program: no replication, no workers for asynchronous reads, no JIT for short statements.
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
io_method = sync
jit = off
max_connections = ${connections}
shared_buffers = ${sharedBuffersMb}MB
effective_cache_size = ${systemCacheMb}MB
random_page_cost = 1.1
max_parallel_workers_per_gather = 0

# Deliveries come in bursts: fewer checkpoints, so fewer full page images. 1 GB replays in seconds.
max_wal_size = 1GB
checkpoint_timeout = 10min

# Account and mailbox rows change with every message: vacuum them early and often.
autovacuum = on
autovacuum_naptime = 30s
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05

# A forgotten transaction would keep every dead row alive.
idle_in_transaction_session_timeout = 5s

# Only through the socket, whose directory is ours alone.
listen_addresses = ''
unix_socket_permissions = 0700

# No values in the log: they are people's mail.
log_line_prefix = '%m [%p] %a '
log_checkpoints = off
log_min_duration_statement = 1s
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
timezone = 'UTC'
log_timezone = 'UTC'
`;
}

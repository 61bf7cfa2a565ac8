/** In Postgres's data directory, included by its postgresql.conf. */
export const SETTINGS_FILE = 'postel.conf';

/**
 * What Postel asks of its own Postgres: nothing that was confirmed is ever lost, and little memory (22 MB idle, where
 * the defaults take 40).
 */
export const POSTGRES_SETTINGS = `# Written by Postel at each start; your own settings belong into postgresql.conf, below the include.

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
max_connections = 100
shared_buffers = 64MB
effective_cache_size = 512MB
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

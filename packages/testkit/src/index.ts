export { LineClient } from './line-client.ts';
export { cpuSeconds, limitOpenFiles } from './open-files.ts';
export type { RunningPostel, TestAccount, TestPorts } from './running-postel.ts';
export { sharedPostel } from './shared-postel.ts';
export { noSmallDisk, SmallDisk } from './small-disk.ts';
export { type OwnPostel, type StartOptions, startPostel } from './start-postel.ts';
export { createTestDatabase, type TestDatabase } from './test-database.ts';

import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** The storage suite once more, on tables partitioned by account: all of it that has to do with tables. */
const PARTITIONED = {
  include: ['packages/storage/src/**/*.test.ts'],
  exclude: [
    'packages/storage/src/{account-turns,blob-store,database*,disk-reserve,errors,job-turns,message-table,migrate,octet-rows,read-blob,s3-faults,server-faults,uid-*,upgrade}.test.ts',
  ],
};

/** Bytes in, values out: no server is started for the tests of these. */
const PURE = [
  'packages/{imap-wire,mail-reports,mime,quota,sasl,tls-pubkey}/src/**/*.test.ts',
  'checks/**/*.test.ts',
  'crash/{compare-*,options}.test.ts',
  'timing/rank-test.test.ts',
];

/** Names what passed at a second try only. */
const tellsRetried: Reporter = {
  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky === true)
      console.log(`tried again: ${test.module.relativeModuleId} > ${test.fullName}`);
  },
};

export default defineConfig({
  test: {
    reporters: ['default', tellsRetried],
    pool: 'forks',
    // Most of a test's time goes by in waiting: for a time-out that it is about, for the disk, for a server to start.
    maxWorkers: 3,
    // A hang is a failure, and should look like one soon; starting a server of one's own takes 3 s on two cores.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'pure', include: PURE } },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['{apps,packages}/*/src/**/*.test.ts', '{crash,races,resync,timing}/*.test.ts'],
          exclude: [...PURE, 'packages/storage/src/partitions.test.ts'],
          globalSetup: ['packages/testkit/src/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'partitioned',
          ...PARTITIONED,
          env: { POSTEL_TEST_PARTITIONS: '4' },
          globalSetup: ['packages/testkit/src/global-setup.ts'],
        },
      },
    ],
  },
});

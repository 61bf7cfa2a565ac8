import { defineConfig } from 'vitest/config';

/** Bytes in, values out: no server is started for the tests of these. */
const PURE = ['packages/{imap-wire,mime,quota,sasl,tls-pubkey}/src/**/*.test.ts', 'checks/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    // A hang is a failure, and should look like one soon; starting a server of one's own takes 3 s on two cores.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'pure', include: PURE } },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['{apps,packages}/*/src/**/*.test.ts'],
          exclude: PURE,
          globalSetup: ['packages/testkit/src/global-setup.ts'],
        },
      },
    ],
  },
});

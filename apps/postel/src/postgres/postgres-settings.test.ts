import { expect, test } from 'vitest';
import { postgresSettings, SMALL, scaleFor } from './postgres-settings.ts';

const GB = 1024 ** 3;

test.for([
  [0.25, 64],
  [1, 128],
  [4, 512],
  [64, 1_024],
] as const)('with %s GB of memory the database holds %s MB', ([memory, sharedBuffersMb]) => {
  const scale = scaleFor(memory * GB);
  expect(scale.sharedBuffersMb).toBe(sharedBuffersMb);
  expect(postgresSettings(scale)).toContain(`\nshared_buffers = ${sharedBuffersMb}MB\n`);
});

test('a server for many has connections for the most processes that the configuration allows', () => {
  const [imapProcesses, each, smtp, supervisor, listening] = [16, 8, 10, 2, 1];
  const needed = imapProcesses * (each + listening) + smtp + listening + supervisor;
  expect(scaleFor(GB).connections).toBeGreaterThan(needed);
  expect(SMALL.connections).toBeGreaterThan(each + listening + smtp + listening + supervisor);
});

import { afterEach, expect, test, vi } from 'vitest';
import { formatDateTime } from './format-date-time.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['UTC', 'Sun, 22 Nov 2026 15:16:59 +0000'],
  ['Europe/Berlin', 'Sun, 22 Nov 2026 16:16:59 +0100'],
  ['America/St_Johns', 'Sun, 22 Nov 2026 11:46:59 -0330'],
  ['Asia/Kolkata', 'Sun, 22 Nov 2026 20:46:59 +0530'],
])('in %s', (timeZone, text) => {
  vi.stubEnv('TZ', timeZone);
  expect(formatDateTime(new Date(Date.UTC(2026, 10, 22, 15, 16, 59)))).toBe(text);
});

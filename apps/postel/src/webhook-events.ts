import { UsageError } from './command-error.ts';

const EVENTS = ['delivered', 'delayed', 'failed'] as const;

/** @throws {UsageError} */
export function readWebhookEvents(text: string): readonly (typeof EVENTS)[number][] {
  const named = text.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !EVENTS.some((event) => event === name));
  if (unknown !== undefined) throw new UsageError(`--events are some of ${EVENTS.join(',')}`);
  return EVENTS.filter((event) => named.includes(event));
}

/** The number of a webhook. @throws {UsageError} */
export function readWebhookId(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new UsageError(`"${text}" is no number of a webhook: see postel config webhook list`);
  return Number(text);
}

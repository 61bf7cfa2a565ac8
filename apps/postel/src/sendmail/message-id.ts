import { randomBytes } from 'node:crypto';

const ID = /^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}$/;

/** The name of a message here, and the left part of a Message-ID that it lacks: in order of time, and nobody else's. */
export function makeMessageId(now: Date): string {
  const time = now.toISOString().replace(/[-:]|\.[0-9]+/g, '');
  return `${time}-${randomBytes(8).toString('hex')}`;
}

export const isMessageId = (text: string): boolean => ID.test(text);

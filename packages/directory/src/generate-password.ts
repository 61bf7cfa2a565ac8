import { randomInt } from 'node:crypto';

/** Without what looks alike: 0 and o, 1 and l and i. */
const CHARACTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 5;
const GROUP_LENGTH = 5;

/**
 * A password that can be read out and typed on a phone: 123 bits. It is what is shown, hyphens too: with SCRAM the mail
 * program hashes what was typed, so nothing can be forgiven there, and what PLAIN alone forgave would work today and fail
 * with the next program.
 */
export function generatePassword(): string {
  const group = () => Array.from({ length: GROUP_LENGTH }, () => CHARACTERS[randomInt(CHARACTERS.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FileLock } from '../data-directory/lock.ts';
import { makePlace, requirePlace } from './keep-places.ts';
import { decodeKept, encodeKept, type KeptMessage } from './kept-message.ts';
import { isMessageId } from './message-id.ts';

/** More than a machine sends while nobody looks, and no more than its disk has room for. */
const MAX_MESSAGES = 10_000;
const MAX_OCTETS = 1024 * 1024 * 1024;
/** After so long nobody is at work on a file that has no message. */
const LEFT_OVER_MS = 60 * 60 * 1_000;

const MESSAGE = '.eml';
const UNFINISHED = '.new';
const LOCK = '.lock';

/**
 * A message in a directory, and the right to do something with it: the process that has it open is the only one, and
 * gives it up with its life.
 */
export class OpenMessage implements Disposable {
  readonly file: string;
  readonly #directory: string;
  readonly #lock: FileLock;
  #message: KeptMessage;

  constructor(directory: string, message: KeptMessage, lock: FileLock) {
    this.#directory = directory;
    this.#message = message;
    this.#lock = lock;
    this.file = join(directory, message.id + MESSAGE);
  }

  get message(): KeptMessage {
    return this.#message;
  }

  /** Writes it down for good, in place of what is there of it. */
  save(message: KeptMessage): void {
    const unfinished = join(this.#directory, message.id + UNFINISHED);
    try {
      writeDurably(unfinished, encodeKept(message));
      renameSync(unfinished, this.file);
      syncDirectory(this.#directory);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error;
    }
    this.#message = message;
  }

  /** The server has it. The lock goes last: without a message it stands for nothing. */
  remove(): void {
    rmSync(this.file, { force: true });
    syncDirectory(this.#directory);
    rmSync(join(this.#directory, this.#message.id + LOCK), { force: true });
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }
}

/**
 * Keeps a message, durably, before anything is done with it, so that whatever ends this process leaves it behind.
 *
 * @throws {Error} if it cannot be kept there
 */
export function keepMessage(directory: string, message: KeptMessage): OpenMessage {
  makePlace(directory);
  requireRoom(directory, message.input.length);
  const lock = FileLock.tryTake(join(directory, message.id + LOCK));
  if (lock === null) throw new Error('another process has its lock');
  const open = new OpenMessage(directory, message, lock);
  try {
    open.save(message);
    return open;
  } catch (error) {
    open[Symbol.dispose]();
    rmSync(join(directory, message.id + LOCK), { force: true });
    throw error;
  }
}

/** The messages in a directory, the oldest first. Empty if there is no such directory. @throws {Error} if it is not ours */
export function keptIds(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  requirePlace(directory);
  return idsOf(readdirSync(directory), MESSAGE).sort();
}

/**
 * - `gone`: somebody else has sent it.
 * - `busy`: another process is at work on it.
 */
export function openMessage(directory: string, id: string): OpenMessage | 'gone' | 'busy' {
  const lock = FileLock.tryTake(join(directory, id + LOCK));
  if (lock === null) return 'busy';
  try {
    const message = readMessage(directory, id);
    if (message !== null) return new OpenMessage(directory, message, lock);
    rmSync(join(directory, id + LOCK), { force: true });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  lock[Symbol.dispose]();
  return 'gone';
}

/** As it is now, whoever is at work on it; null if it is gone. @throws {Error} if it is no such file */
export function readMessage(directory: string, id: string): KeptMessage | null {
  try {
    return decodeKept(id, readFileSync(join(directory, id + MESSAGE)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Removes what processes left behind that were killed at work: locks of messages that are sent, files not finished. */
export function sweepLeftOvers(directory: string, nowMs: number): void {
  const names = readdirSync(directory);
  const kept = new Set(idsOf(names, MESSAGE));
  for (const suffix of [LOCK, UNFINISHED]) {
    for (const id of idsOf(names, suffix)) {
      const path = join(directory, id + suffix);
      const isOld = nowMs - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs) > LEFT_OVER_MS;
      if (isOld && (suffix === UNFINISHED || !kept.has(id))) rmSync(path, { force: true });
    }
  }
}

function idsOf(names: readonly string[], suffix: string): string[] {
  return names
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter(isMessageId);
}

/** @throws {Error} if there is too much already */
function requireRoom(directory: string, octets: number): void {
  const files = readdirSync(directory).filter((name) => name.endsWith(MESSAGE));
  if (files.length >= MAX_MESSAGES) throw new Error(`${directory} has ${MAX_MESSAGES} messages, which is the most`);
  const size = (file: string) => statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0;
  const kept = files.reduce((sum, file) => sum + size(file), 0);
  if (kept + octets > MAX_OCTETS) throw new Error(`with it ${directory} would have more than ${MAX_OCTETS} octets`);
}

function writeDurably(path: string, octets: Buffer): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeFileSync(file, octets);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(directory: string): void {
  const file = openSync(directory, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

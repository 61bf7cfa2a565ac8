import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A tree of Maildirs as synchronizing programs keep it, changed as a mail program at home would change it. */
export class Maildirs {
  readonly path: string;
  #added = 0;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
  }

  /** Paths of the messages, sorted. */
  files(mailbox: string): readonly string[] {
    const folders = ['cur', 'new'].map((folder) => join(this.path, mailbox, folder));
    return folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))).sort();
  }

  /** What their Subject fields say, sorted. */
  subjects(mailbox: string): readonly string[] {
    return this.files(mailbox).map(subject).sort();
  }

  /** The letters of its flags. */
  flags(mailbox: string, wanted: string): string {
    return /2,([A-Z]*)$/.exec(this.#file(mailbox, wanted))?.[1] ?? '';
  }

  setFlags(mailbox: string, wanted: string, letters: string): void {
    const file = this.#file(mailbox, wanted);
    const name = basename(file).replace(/:?2,[A-Z]*$/, '');
    renameSync(file, join(this.path, mailbox, 'cur', `${name}:2,${letters}`));
  }

  remove(mailbox: string, wanted: string): void {
    rmSync(this.#file(mailbox, wanted));
  }

  add(mailbox: string, message: string, letters = ''): void {
    for (const folder of ['cur', 'new', 'tmp']) mkdirSync(join(this.path, mailbox, folder), { recursive: true });
    writeFileSync(join(this.path, mailbox, 'cur', `1.${++this.#added}.home:2,${letters}`), message);
  }

  #file(mailbox: string, wanted: string): string {
    const file = this.files(mailbox).find((each) => subject(each) === wanted);
    if (file === undefined) throw new Error(`no message ${wanted} in ${mailbox}: ${this.subjects(mailbox).join(', ')}`);
    return file;
  }
}

function subject(file: string): string {
  return /^Subject: (.*)$/m.exec(readFileSync(file, 'latin1'))?.[1] ?? '';
}

/** One of the two processes of flag-race.ts: changes messages that nobody changed since, as it is told to by IPC. */
import {
  type AccountId,
  BlobDirectory,
  type DatabaseTarget,
  type MailboxId,
  type ModSeq,
  openDatabase,
  Store,
} from '@postel/storage';

export interface RacerOrder {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly keyword: string;
  /** UID and modseq of each message, as both have seen it. */
  readonly known: readonly (readonly [number, ModSeq])[];
}

/** The UIDs whose change was done, and those that somebody else had changed. */
export interface RacerReport {
  readonly won: readonly number[];
  readonly lost: readonly number[];
}

/** Changes on their way at once, as of a client that does not wait for answers. */
const AT_ONCE = 4;

if (process.send !== undefined) {
  const target: DatabaseTarget = JSON.parse(process.argv[2] ?? '');
  const database = openDatabase(target, { applicationName: 'flag racer', maxConnections: 2 });
  const store = new Store(database, {
    blobs: new BlobDirectory('/nonexistent'),
    onError: (error) => console.error(error),
  });
  process.on('message', (order: RacerOrder) => {
    void race(store, order).then((report) => process.send?.(report));
  });
  process.once('disconnect', () => void store.close().then(() => database.close()));
  process.send('ready');
}

async function race(store: Store, { account, mailbox, keyword, known }: RacerOrder): Promise<RacerReport> {
  const won: number[] = [];
  const lost: number[] = [];
  const left = known.values();
  const worker = async () => {
    for (const [uid, modSeq] of left) {
      const edit = { mode: 'replace', system: 0, keywords: [keyword] } as const;
      const { changed, conflicts } = await store.changeFlags(
        account,
        mailbox,
        [{ first: uid, last: uid }],
        edit,
        modSeq,
      );
      if (changed.length === 1) won.push(uid);
      if (conflicts.length === 1) lost.push(uid);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { won, lost };
}

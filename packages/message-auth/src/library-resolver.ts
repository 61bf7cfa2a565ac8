import type { DnsAnswer, Resolver } from '@postel/dns';

/** As mailauth takes an answer of the DNS: in the form of `resolve` of node:dns, which throws errors with a code. */
export type LibraryAnswer =
  | { readonly type: 'records'; readonly records: unknown[] }
  | { readonly type: 'error'; readonly code: string; readonly message: string };

/** What is neither of the first two is temporary. */
const codes = { nodata: 'ENODATA', nxdomain: 'ENOTFOUND', temporary: 'ESERVFAIL', bogus: 'ESERVFAIL' } as const;

/** Asks our resolver what mailauth wants to know. */
export async function askForLibrary(resolver: Resolver, name: string, type: string): Promise<LibraryAnswer> {
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'PTR':
      return libraryAnswer(await resolver.lookUp(name, type), (record) => record);
    case 'TXT':
      return libraryAnswer(await resolver.lookUp(name, type), (text) => [text]);
    case 'MX': {
      const answer = await resolver.lookUp(name, type);
      return libraryAnswer(answer, ({ preference, exchange }) => ({ priority: preference, exchange }));
    }
    default:
      return { type: 'error', code: 'ENOTIMP', message: `nobody looks up ${type}` };
  }
}

function libraryAnswer<Data>(answer: DnsAnswer<Data>, convert: (record: Data) => unknown): LibraryAnswer {
  if (answer.kind === 'found') return { type: 'records', records: answer.records.map(convert) };
  const message = answer.kind === 'temporary' ? answer.reason : answer.kind;
  return { type: 'error', code: codes[answer.kind], message };
}

/** @throws what is no record, with a `code` */
export function recordsOf(answer: LibraryAnswer): unknown[] {
  if (answer.type === 'records') return answer.records;
  throw Object.assign(new Error(answer.message), { code: answer.code });
}

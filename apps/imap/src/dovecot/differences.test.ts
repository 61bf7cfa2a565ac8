import { expect, test } from 'vitest';
import { linesOf, type PeerName, questionsOf, type SharedTranscript } from '../testing/shared-transcript.ts';
import { samples } from './samples.ts';
import { transcripts } from './transcripts.ts';

const PAGE = '../../../../docs/dovecot-differences.md';

const HEAD = `# Where Postel and Dovecot differ

Debian's Dovecot 2.3 is what many IMAP clients are used to. Every transcript in apps/imap/src/dovecot is played with both servers; where
they differ, this table has what each says and which section of which RFC decides. It is written by the tests
(\`npx vitest run apps/imap/src/dovecot/differences -u\`), which fail when it is not true.

| what | Postel | Dovecot | why |
|---|---|---|---|
`;

const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;

function said(transcript: SharedTranscript, name: PeerName): string {
  const lines = linesOf(transcript, name);
  return lines.length === 0 ? 'nothing' : lines.map(code).join('<br>');
}

function asked(transcript: SharedTranscript): string {
  return [transcript.title, ...questionsOf(transcript).map(code)].join('<br>');
}

test('a transcript says why exactly where the servers differ', () => {
  const marked = transcripts.filter((each) => linesOf(each, 'postel').length + linesOf(each, 'dovecot').length > 0);
  expect(marked.map(({ title }) => title)).toEqual(
    transcripts.filter(({ differs }) => differs !== undefined).map(({ title }) => title),
  );
  for (const { differs } of [...transcripts, ...samples.map((sample) => ({ differs: sample.differs?.why }))]) {
    expect(differs ?? 'RFC 1 §1').toMatch(/RFC \d+ §\d/);
  }
});

test('docs/dovecot-differences.md lists them all', async () => {
  const rows = [
    ...transcripts.flatMap((each) =>
      each.differs === undefined ? [] : [[asked(each), said(each, 'postel'), said(each, 'dovecot'), each.differs]],
    ),
    ...samples.flatMap(({ title, differs }) =>
      differs === undefined ? [] : [[`FETCH of ${title}`, differs.items.map(code).join(' '), 'otherwise', differs.why]],
    ),
  ];
  await expect(`${HEAD}${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}`).toMatchFileSnapshot(PAGE);
});

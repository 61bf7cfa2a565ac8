/** That some transcript has every command, and every response code. What a transcript says, the test that plays it checks. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from './commands/table.ts';

const isTest = (file: string) => file.endsWith('.test.ts') || /^(dovecot|testing)\//.test(file);

const files = globSync('**/*.ts', { cwd: import.meta.dirname }).map((file) => ({
  file,
  text: readFileSync(join(import.meta.dirname, file), 'utf8'),
}));
const lines = files
  .filter(({ file }) => isTest(file))
  .flatMap(({ text }) => text.split('\n'))
  .map((line) => line.trimStart());
/** What clients say, and what Postel does, without who speaks. */
const asked = lines.flatMap((line) => /^C\d?: (.*)/.exec(line)?.[1] ?? []);
const told = lines.flatMap((line) => /^[SP]\d?: (.*)/.exec(line)?.[1] ?? []);

/** The codes that `writeResponseCode` takes, and those that stand in texts, which `[` begins. */
function responseCodes(): readonly string[] {
  const codes = new Set<string>();
  for (const { file, text } of files) {
    if (isTest(file)) continue;
    for (const [, code = ''] of text.matchAll(/['`][^'`\n]*\[([A-Z][A-Z-]+)[ \]][^'`\n]*['`]/g)) codes.add(code);
    if (file !== 'response-code.ts') continue;
    const union = text.slice(text.indexOf('export type ResponseCode ='), text.indexOf('export function'));
    for (const [, code = ''] of union.matchAll(/(?:^ {2}\| ['`]|readonly type: ')([A-Z][A-Z-]+(?: [A-Z]+)?)/gm)) {
      codes.add(code);
    }
  }
  return [...codes].sort();
}

test.each(commands.names)('a client says %s in a transcript', (name) => {
  const command = new RegExp(`^\\S+ ${name}(?: |$)`, 'i');
  expect(asked.some((line) => command.test(line))).toBe(true);
});

test.each(responseCodes())('the server says [%s in a transcript', (code) => {
  const said = new RegExp(`^\\S+ (?:OK|NO|BAD|BYE) \\[${code}[ \\]]`);
  expect(told.some((line) => said.test(line))).toBe(true);
});

test('the lists are those of a whole server', () => {
  expect(commands.names).toEqual(expect.arrayContaining(['LOGIN', 'UID FETCH', 'URLFETCH']));
  expect(commands.names.length).toBeGreaterThan(60);
  const some = ['ALERT', 'APPENDUID', 'METADATA LONGENTRIES', 'PERMANENTFLAGS', 'UIDNEXT', 'URLMECH INTERNAL'];
  expect(responseCodes()).toEqual(expect.arrayContaining(some));
  expect(responseCodes().length).toBeGreaterThan(45);
});

import { execFileSync } from 'node:child_process';
import { requirePrograms, TemporaryDirectory } from '@postel/testkit';
import { test as base, describe, expect } from 'vitest';
import { commands } from '../command-table.ts';
import { completionPoints } from './command-tree.ts';
import { SHELLS } from './shells.ts';

const points = completionPoints(commands);
const scriptOf = (shell: string): string => SHELLS.get(shell)?.(points) ?? '';

/** How each shell is asked what it would complete: the words after `postel`, the last of which is begun. */
const ASK: Readonly<Record<string, (file: string, words: readonly string[]) => readonly string[]>> = {
  bash: (file, words) => [
    '-c',
    `source ${file}; COMP_WORDS=(postel ${quote(words)}); COMP_CWORD=${words.length}; _postel; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (file, words) => [
    '-f',
    '-c',
    `compdef() { }; compadd() { [[ $1 = -- ]] && shift; print -l -- "\${(@M)@:#\${words[CURRENT]}*}" }; _files() { print FILES }
     source ${file}; words=(postel ${quote(words)}); CURRENT=${words.length + 1}; _postel`,
  ],
  fish: (file, words) => [
    '--no-config',
    '-c',
    `source ${file}; complete -C ${JSON.stringify(['postel', ...words].join(' '))}`,
  ],
};

const quote = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

const test = base.extend<{ ask: (shell: string, line: string) => readonly string[] }>({
  ask: async ({ skip }, use) => {
    using directory = new TemporaryDirectory();
    await use((shell, line) => {
      requirePrograms(skip, shell);
      const file = directory.write(`postel.${shell}`, scriptOf(shell));
      const args = ASK[shell]?.(file, line.split(' ')) ?? [];
      const output = execFileSync(shell, args, { encoding: 'utf8', env: { ...process.env, HOME: directory.path } });
      // fish tells what each is, behind a tab.
      return output
        .split('\n')
        .flatMap((text) => text.split('\t', 1))
        .filter(Boolean);
    });
  },
});

describe.for(['bash', 'zsh', 'fish'])('%s', (shell) => {
  test('completes words of commands', ({ ask }) => {
    expect(ask(shell, 'loc')).toEqual(['localserve']);
    expect(ask(shell, 'config ali')).toEqual(['alias']);
    expect([...ask(shell, 'config alias a')].toSorted()).toEqual(['add', 'addaddr']);
    expect(ask(shell, 'config limits cl')).toEqual(['clear']);
  });

  test('completes options, also behind operands and other options', ({ ask }) => {
    expect(ask(shell, 'config account quota mary --stor')).toEqual(['--storage']);
    expect(ask(shell, 'config --data /d account quota --storage 5GB mary --mess')).toEqual(['--messages']);
    expect([...ask(shell, 'completion --')].toSorted()).toEqual(['--data', '--help']);
  });
});

base('every command and option is in every script, and every option of one that takes a value is said to', () => {
  for (const { name, options = {} } of commands) {
    for (const script of SHELLS.keys()) {
      for (const word of [...name.split(' '), ...Object.keys(options)]) expect(scriptOf(script)).toContain(word);
    }
  }
  expect(scriptOf('fish')).toMatch(/"?__postel_at \\'config account quota\\'"?.* -l storage -r$/m);
});

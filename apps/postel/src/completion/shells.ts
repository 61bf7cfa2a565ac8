import type { CompletionPoint } from './command-tree.ts';

/** Scripts that complete command lines, by shell. What a word of an operand may be, the shell knows best: files. */
export const SHELLS: ReadonlyMap<string, (points: readonly CompletionPoint[]) => string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
]);

/** Two functions of the shells of that family, which say what may follow the words that they are given. */
function tables(points: readonly CompletionPoint[]): string {
  const cases = (line: (point: CompletionPoint) => string) =>
    points.map((point) => `    ${quoted(point.words)}) echo ${quoted(line(point))} ;;`).join('\n');
  return `_postel_next() {
  case "$1" in
${cases(({ next }) => [...next.keys()].join(' '))}
  esac
}

_postel_options() {
  case "$1" in
${cases(({ options }) => [...options.keys()].map((option) => `--${option}`).join(' '))}
  esac
}`;
}

/** What a word adds to the words of the command so far, if it is one of them. */
const FOLLOW = `case " $(_postel_next "$at") " in
      *" $word "*) at="\${at:+$at }$word" ;;
    esac`;

function bash(points: readonly CompletionPoint[]): string {
  return `# Completes command lines of postel in bash: eval "$(postel completion bash)"

${tables(points)}

_postel() {
  local at='' word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    ${FOLLOW}
  done
  local current=\${COMP_WORDS[COMP_CWORD]} choices
  case "$current" in
    -*) choices=$(_postel_options "$at") ;;
    *) choices=$(_postel_next "$at") ;;
  esac
  # Word by word, as they hold no spaces; where there are none, bash completes files.
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
}

complete -o default -F _postel postel
`;
}

function zsh(points: readonly CompletionPoint[]): string {
  return `#compdef postel
# Completes command lines of postel in zsh: postel completion zsh > "\${fpath[1]}/_postel"

${tables(points)}

_postel() {
  local at='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    ${FOLLOW}
  done
  local next="$(_postel_next "$at")"
  if [[ "\${words[CURRENT]}" == -* ]]; then
    compadd -- \${=$(_postel_options "$at")}
  elif [[ -n "$next" ]]; then
    compadd -- \${=next}
  else
    _files
  fi
}

if [[ "\${funcstack[1]}" == _postel ]]; then _postel "$@"; else compdef _postel postel; fi
`;
}

function fish(points: readonly CompletionPoint[]): string {
  const lines = points.flatMap(({ words, next, options }) => {
    const condition = `-n ${quotedFish(`__postel_at ${quotedFish(words)}`)}`;
    return [
      ...[...next].map(([word, summary]) => {
        const described = summary === '' ? '' : ` -d ${quotedFish(summary)}`;
        return `complete -c postel ${condition} -f -a ${quotedFish(word)}${described}`;
      }),
      ...[...options].map(
        ([option, takesValue]) => `complete -c postel ${condition} -l ${option}${takesValue ? ' -r' : ''}`,
      ),
    ];
  });
  return `# Completes command lines of postel in fish: postel completion fish > ~/.config/fish/completions/postel.fish

function __postel_next
  switch "$argv[1]"
${points.map(({ words, next }) => `    case ${quotedFish(words)}\n      string split ' ' ${quotedFish([...next.keys()].join(' '))}`).join('\n')}
  end
end

function __postel_at
  set -l at ''
  for word in (commandline -opc)[2..]
    if contains -- "$word" (__postel_next "$at")
      set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end

${lines.join('\n')}
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const quotedFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`;

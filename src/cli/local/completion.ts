import { Argument, type Command, type Option } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';

// Completion of command lines, made from the commands themselves: what a shell offers is what there is.

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** One place of the tree of commands, as a shell sees it. */
interface Place {
  /** `invoice line`; empty for the root. */
  readonly words: string;
  /** What can stand there next: commands, else flags. */
  readonly commands: readonly Offer[];
  readonly flags: readonly FlagOffer[];
  /** What the first argument may be, where it is one of few. */
  readonly choices: readonly string[];
}

interface Offer {
  readonly name: string;
  readonly summary: string;
}

interface FlagOffer extends Offer {
  /** Another word follows it. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

export function addCompletionCommand(root: Command, complete: () => Command): void {
  addCommand(root, 'completion', {
    summary: 'completion of commands and flags for your shell',
    details: `For bash: arcadia completion bash > ~/.local/share/bash-completion/completions/arcadia
For zsh:  arcadia completion zsh > "\${fpath[1]}/_arcadia"
For fish: arcadia completion fish > ~/.config/fish/completions/arcadia.fish
Write it again after an upgrade. It holds for ./arcadia as well.`,
    example: `
$ source <(arcadia completion bash)
$ arcadia invoice <Tab>`,
  })
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action(
      withSession(async (session, shell) => {
        const script = completionScript(shell as Shell, placesOf(complete()));
        if (session.output.json) return session.output.value({ shell, script });
        await session.output.text(script.trimEnd());
      }),
    );
}

/** Every command and group with what can stand after it. The default command of a group is offered there as well. */
export function placesOf(command: Command, words: readonly string[] = []): readonly Place[] {
  const shown = command.createHelp();
  const commands = shown.visibleCommands(command).filter((one) => one.name() !== 'help');
  const own: Place = {
    words: words.join(' '),
    commands: commands.map((one) => ({ name: one.name(), summary: one.summary() || one.description() })),
    flags: [command, ...defaultOf(command)].flatMap((one) => shown.visibleOptions(one).flatMap(flagOf)),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [own, ...commands.flatMap((one) => placesOf(one, [...words, one.name()]))];
}

/** What runs when none is named: its flags can stand where its name does not. */
function defaultOf(command: Command): readonly Command[] {
  const { _defaultCommandName: name } = command as Command & { readonly _defaultCommandName?: string | null };
  return command.commands.filter((one) => one.name() === name);
}

function flagOf(option: Option): FlagOffer[] {
  if (option.long === null || option.long === undefined) return [];
  const takesValue = option.required || option.optional;
  return [{ name: option.long, summary: option.description, takesValue, choices: option.argChoices ?? [] }];
}

/** What a shell reads to complete these commands. */
export function completionScript(shell: Shell, places: readonly Place[]): string {
  return writers[shell](places);
}

const writers: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** A text that no shell reads anything into. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function namesOf(offers: readonly Offer[]): string {
  return offers.map(({ name }) => name).join(' ');
}

/** The words of commands up to where somebody types, which bash and zsh find in the same way. */
function pathCases(places: readonly Place[]): string {
  const known = places.filter(({ words }) => words !== '').map(({ words }) => quoted(` ${words}`));
  return known.join('|');
}

/** `case` lines for the values of those flags that have few, and for those whose value is free. */
function valueCases(places: readonly Place[], offer: (values: string) => string, free: string): readonly string[] {
  return places.flatMap(({ words, flags }) => {
    const at = words === '' ? '' : ` ${words}`;
    const taking = flags.filter(({ takesValue }) => takesValue);
    const chosen = taking
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => `    ${quoted(`${at} ${name}`)}) ${offer(choices.join(' '))} ;;`);
    const others = taking.filter(({ choices }) => choices.length === 0);
    if (others.length === 0) return chosen;
    return [...chosen, `    ${others.map(({ name }) => quoted(`${at} ${name}`)).join('|')}) ${free} ;;`];
  });
}

function bashScript(places: readonly Place[]): string {
  const offers = places.map(({ words, commands, flags, choices }) => {
    const next = [namesOf(commands), choices.join(' ')].filter((one) => one !== '').join(' ');
    return `    ${quoted(words === '' ? '' : ` ${words}`)}) next=${quoted(next)} flags=${quoted(namesOf(flags))} ;;`;
  });
  return `# bash completion for arcadia, made by "arcadia completion bash".
_arcadia() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at= next= flags= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${pathCases(places)}) at+=" \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $before" in
${valueCases(places, (values) => `COMPREPLY=($(compgen -W ${quoted(values)} -- "$current")); return`, 'return').join('\n')}
  esac
  case "$at" in
${offers.join('\n')}
  esac
  if [[ $current == -* ]]; then next=$flags; fi
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _arcadia arcadia
`;
}

function zshScript(places: readonly Place[]): string {
  const described = (offers: readonly Offer[]) =>
    offers
      .map(({ name, summary }) => quoted(`${name}:${summary.replaceAll('\n', ' ').replaceAll(':', '\\:')}`))
      .join(' ');
  const offers = places.map(({ words, commands, flags, choices }) => {
    const next = [described(commands), ...choices.map(quoted)].filter((one) => one !== '').join(' ');
    return `    ${quoted(words === '' ? '' : ` ${words}`)}) next=(${next}) flags=(${described(flags)}) ;;`;
  });
  return `#compdef arcadia
# zsh completion for arcadia, made by "arcadia completion zsh".
_arcadia() {
  local current=\${words[CURRENT]} before=\${words[CURRENT-1]} at= i
  local -a next flags
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${pathCases(places)}) at+=" \${words[i]}" ;;
    esac
  done
  case "$at $before" in
${valueCases(places, (values) => `compadd -- ${values.split(' ').map(quoted).join(' ')}; return`, '_files; return').join('\n')}
  esac
  case "$at" in
${offers.join('\n')}
  esac
  if [[ $current == -* ]]; then
    _describe flag flags
  elif (( \${#next} )); then
    _describe command next
  else
    _files
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _arcadia "$@"; else compdef _arcadia arcadia; fi
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, commands, flags, choices }) => {
    const at = `complete -c arcadia -n ${quoted(`__arcadia_at ${quoted(words)}`)}`;
    return [
      ...commands.map(({ name, summary }) => `${at} -f -a ${name} -d ${quoted(summary)}`),
      ...choices.map((choice) => `${at} -f -a ${quoted(choice)}`),
      ...flags.map(({ name, summary, takesValue, choices: values }) => {
        const value = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : takesValue ? ' -r' : '';
        return `${at} -l ${name.slice(2)}${value} -d ${quoted(summary)}`;
      }),
    ];
  });
  const known = places.filter(({ words }) => words !== '').map(({ words }) => quoted(words));
  return `# fish completion for arcadia, made by "arcadia completion fish".
set -g __arcadia_places ${known.join(' ')}
function __arcadia_at
    set -l at ''
    for word in (commandline -opc)[2..]
        set -l further (string trim -- "$at $word")
        contains -- "$further" $__arcadia_places; and set at $further
    end
    test "$at" = "$argv[1]"
end
${lines.join('\n')}
`;
}

import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configApply = defineCommand({
  name: 'config apply',
  operands: 'FILE [--dry-run] [--yes]',
  summary: 'make domains, accounts, addresses, aliases, limits, keys, routes and webhooks as a file declares them',
  help: `The file is as postel config dump prints it. It says how things are to be, and all of it is made so, or nothing. Under
domains, accounts, aliases, routes and webhooks, and an account's addresses, keys and passwords, what is not named goes; what has none of
these words at all stays. A setting that is not there is as in a new domain, account or alias:

  defaults:                                # for every account without limits of its own
    quota: { storage: 5GB, messages: none, mailboxes: 1000 }
    sending: { messagesADay: 1000, newRecipientsADay: none, messageSize: 50MB }
  domains:
    example.com: { catchall: mary, separators: "+-", case: keep, disabled: true }
  accounts:
    mary:
      role: owner
      disabled: true
      addresses:
        mary@example.com: {}
        list@example.com: { mailbox: Lists/news }
      quota: { storage: 20GB }             # or none, or default
      sending: { messagesADay: none }
      retention: { days: 30, size: 10GB }
      keepSent: true
      keys:
        - { name: phone, publicKey: MCowBQYDK2VwAyEA..., loginAddress: mary@example.com, imapPreauth: false }
  aliases:
    team@example.com: { members: [mary@example.com], post: named, posters: [john@example.net], list: true,
                        showMembers: true, sendAs: true }
  routes:                                  # postel help config route add
    provider: { hosts: ["smtp.example.net:465"], tls: implicit, user: postel, secrets: { password: ... } }
    second: { sources: { 192.0.2.2: out2.example.com } }
  routing: { default: provider, rules: [{ sender: example.org, route: direct }] }
  webhooks:                                # postel help config webhook add; without account: of everybody's mail
    - { url: https://app.example.com/mail, account: mary, events: [failed], private: true, paused: true, secret: ... }

Secrets of routes that are not in it stay as they are; mail that is to go by a new route without waits for them. A new webhook without a secret
gets one that nobody is told: postel config webhook update NUMBER --secret. A new account has no password, unless the file has some (postel config dump --secrets): postel config account
setpassword. An account that goes, goes with its mail. Before anything goes you are asked.

  --dry-run            only say what would be changed
  --yes                ask nothing
${SERVER_OPTIONS_HELP}

Examples:
  postel config apply directory.yaml --dry-run
  postel config apply directory.yaml --yes`,
  options: { 'dry-run': { type: 'boolean' }, yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { file } = operands(line, 'file');
    return { file, isRehearsal: line.flag('dry-run'), isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ file, isRehearsal, isAgreed, server }, invocation) {
    const { readDeclaration } = await import('../declaration/read-declaration.ts');
    const declared = await readDeclaration(file);
    const { applyDeclaration } = await import('../declaration/apply-declaration.ts');
    const { terminal } = invocation;
    const { differences, isApplied } = await applyDeclaration(invocation, server, declared, { isRehearsal, isAgreed });
    if (isApplied) terminal.say(`Changed ${differences.length}: all is as in ${file}.`);
    else if (differences.length === 0) terminal.say(`All is as in ${file}.`);
    else terminal.say(isRehearsal ? 'Nothing was changed: that was a rehearsal.' : 'Nothing was changed.');
    if (isRehearsal) return;
    if (!isApplied && differences.length > 0) process.exitCode = 1;
  },
});

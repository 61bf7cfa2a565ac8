import { defineCommand } from '../command.ts';
import { parseArguments } from '../sendmail/parse-arguments.ts';

export const sendmail = defineCommand({
  name: 'sendmail',
  operands: '[-t] [-i] [-f ADDRESS] [OPTIONS] [RECIPIENT...] | -q | -bp',
  summary: 'submit a message from standard input, as other programs of that name do',
  help: `Hands the message to a submission server, over TLS, and ends when the server has it: all recipients get it, or none.
What could not be sent is kept, and it is said where; the exit status is 75 if it may work later (sysexits.h).

  -t                   also to those in To, Cc and Bcc
  -i                   a line with a dot alone does not end the message
  -f ADDRESS           whom it is from; else "from" of the file, else its Sender or From
  -F NAME              the name in From, if the message has no From
  -N CONDITIONS        when to send a DSN: never, or some of success,failure,delay
  -R full|hdrs         how much of the message a DSN has
  -V ID                an identifier for DSNs
  -v                   say how the login was done, and what the server said
  --hold-until MOMENT  not before: 12h, 90d, 2027-06-30, 2027-06-30T18:30; the server has to know FUTURERELEASE

  -q                   send what is kept; it is silent about what has to wait on, but for -v
  -qI ID, -qQ          only that message; also those that were refused for good
  -bp                  tell what is kept, and why

How to reach the server is in ~/.config/postel/sendmail.yaml or /etc/postel/sendmail.yaml, in this form, and may be said
by options of the same names (--password-file FILE):

  host: mail.example.com
  tls: implicit                # or starttls
  port: 465                    # 587 for starttls
  account: mary
  passwordFile: password       # its first line; or password, or POSTEL_SENDMAIL_PASSWORD in the environment
  passwordCommand: ...         # or what this command of a shell says
  mechanism: OAUTHBEARER       # of SASL, or several; else the strongest that the server offers for a password or key
  authorization: joe           # whose account to use, if it is not one's own and the server allows it
  keyFile: key.pem             # instead of a password: a private key that the account has, perhaps with certificate
  caFile: ca.pem               # who signed the server's certificate, if it is nobody that everybody knows
  serverKey: "sha256:..."      # or the fingerprint of the server's key, and no certificate counts
  from: mary@example.com       # whom mail is from that names nobody or a user of this machine
  domain: example.com          # for names without one: root is root@example.com
  keep: /var/spool/unsent      # where to keep messages; else ~/.local/state/postel/sendmail

  --config FILE        another file

Other options that sendmails have are passed over, but for those that ask for something else than to send.

Examples:
  printf 'Subject: hi\\n\\nhi there\\n' | postel sendmail bob@example.org
  postel sendmail -t -i < message.eml
  postel sendmail --host mail.example.com --key-file key.pem -t < message.eml
  postel sendmail -q`,
  passesOn: true,
  parse: (line) => parseArguments(line.passedOn),
  async run(args, invocation) {
    const { runSendmail } = await import('../sendmail/run-sendmail.ts');
    await runSendmail(args, invocation);
  },
});

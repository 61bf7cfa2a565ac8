export { type Answer, ImapClient } from '@postel/testkit';

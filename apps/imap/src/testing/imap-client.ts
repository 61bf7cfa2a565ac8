export { ImapClient } from '@postel/testkit';

import { changeQueueCommand } from '../change-queue-command.ts';

export const queueHold = changeQueueCommand('hold', {
  summary: 'keep something in the queue that is not to be sent',
  help: 'It stays until it is released or dropped, however long that is.',
  done: 'held',
});

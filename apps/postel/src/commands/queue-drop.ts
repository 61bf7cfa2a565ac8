import { changeQueueCommand } from '../change-queue-command.ts';

export const queueDrop = changeQueueCommand('drop', {
  summary: 'take something out of the queue',
  help: 'It is never sent, and nobody is told. What became of it is kept for some days.',
  done: 'dropped',
});

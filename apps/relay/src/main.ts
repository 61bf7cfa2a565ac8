import { runApp } from '@postel/supervision';
import { relayApp } from './relay-app.ts';

runApp(relayApp);

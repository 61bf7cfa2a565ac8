import { runApp } from '@postel/supervision';
import { smtpApp } from './smtp-app.ts';

runApp(smtpApp);

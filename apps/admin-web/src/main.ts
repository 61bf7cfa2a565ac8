import { runApp } from '@postel/supervision';
import { webApp } from './web-app.ts';

runApp(webApp);

import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { background, sleep } from 'offloop';

/** A cache that is refreshed in the background for as long as the application lives. */
export function application(load: () => Promise<string>): FastifyInstance {
  const app = fastify();
  let rates = 'not loaded yet';
  let refreshed = 0;

  const refreshing = background(async () => {
    for (;;) {
      rates = await load();
      refreshed++;
      await sleep(20);
    }
  });
  app.addHook('onClose', async () => {
    refreshing.cancel('the application closes');
    await refreshing.wait(); // its cleanup is part of the shutdown
  });

  app.get('/rates', () => ({ rates, fresh: refreshed > 2 }));
  return app;
}

import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    ssr: true,
    target: 'node20',
    rolldownOptions: { input: ['src/server.ts', 'src/jobs.ts'] },
  },
  ssr: { external: ['offloop'] }, // installed packages are anyway, linked ones are not
});

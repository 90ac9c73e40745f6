export default {
  target: 'node20',
  mode: 'production',
  entry: {
    jobs: './src/jobs.js',
    server: { import: './src/server.js', dependOn: 'jobs' },
  },
  experiments: { outputModule: true },
  output: { module: true, filename: '[name].js' },
  externalsType: 'module',
  externals: [/^offloop(?:\/|$)/],
};

// The floors: arrows go down only, a room never imports another room, and some packages have one home.
const rooms = '(config|roadmap|providers|prompt|pool|workspace|verify|journal|ui|report)'
const only = (name, packages, home) => ({
  name,
  severity: 'error',
  from: { pathNot: home },
  to: { path: packages },
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    // Which folder may know which follows from what there is; two never know each other.
    { name: 'no-cycles-of-folders', severity: 'error', scope: 'folder', from: {}, to: { circular: true } },
    {
      name: 'domain-imports-only-domain',
      severity: 'error',
      from: { path: '(^|/)src/domain/' },
      to: { pathNot: '(^|/)src/domain/' },
    },
    {
      name: 'platform-imports-only-domain-and-packages',
      severity: 'error',
      from: { path: '(^|/)src/platform/' },
      to: { path: `(^|/)src/(${rooms}|orchestration|app|cli)/` },
    },
    {
      name: 'a-room-never-imports-another-room',
      severity: 'error',
      from: { path: `(^|/)src/${rooms}/` },
      to: { path: `(^|/)src/${rooms}/`, pathNot: '(^|/)src/$2/' },
    },
    {
      name: 'rooms-do-not-look-up',
      severity: 'error',
      from: { path: `(^|/)src/${rooms}/` },
      to: { path: '(^|/)src/(orchestration|app|cli)/' },
    },
    {
      name: 'orchestration-does-not-look-up',
      severity: 'error',
      from: { path: '(^|/)src/orchestration/' },
      to: { path: '(^|/)src/(app|cli)/' },
    },
    {
      name: 'app-does-not-look-up',
      severity: 'error',
      from: { path: '(^|/)src/app/' },
      to: { path: '(^|/)src/cli/' },
    },
    only('only-platform-spawns', '^(execa|(node:)?child_process)$|node_modules/execa/', '(^|/)src/platform/'),
    only('only-pool-knows-a-queue-library', 'node_modules/p-queue/', '(^|/)src/pool/'),
    only('only-cli-knows-commander', 'node_modules/commander/', '(^|/)src/cli/'),
    only(
      'only-one-file-knows-the-agent-client-protocol',
      'node_modules/@agentclientprotocol/',
      '(^|/)src/providers/acp/connection',
    ),
    only('only-ui-colours', 'node_modules/chalk/', '(^|/)src/ui/'),
    only('only-the-page-knows-libraries-of-browsers', 'node_modules/(preact|uplot)/', '(^|/)src/report/page/'),
    only('only-one-file-lays-out-graphs', 'node_modules/d3-dag/', '(^|/)src/report/graph/layout\\.ts$'),
    {
      name: 'the-page-of-a-report-runs-in-a-browser',
      severity: 'error',
      from: { path: '(^|/)src/report/page/' },
      to: { path: '(^|/)src/platform/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-its-data-is-shared-with-the-page-of-a-report',
      severity: 'error',
      from: { path: '(^|/)src/', pathNot: '(^|/)src/report/page/' },
      to: { path: '(^|/)src/report/page/', pathNot: '(^|/)src/report/page/data\\.ts$' },
    },
    {
      name: 'not-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}

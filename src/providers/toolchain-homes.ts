/**
 * Where toolchains and version managers are installed, and keep what they have fetched. Who set one up elsewhere than at
 * its default place has no compiler without it. Paths of the machine, none of them a credential.
 */
export const toolchainHomes: readonly string[] = [
  ...['RUSTUP_HOME', 'CARGO_HOME', 'SCCACHE_DIR', 'CCACHE_DIR'],
  ...['JAVA_HOME', 'GRADLE_HOME', 'GRADLE_USER_HOME', 'MAVEN_HOME', 'M2_HOME', 'SDKMAN_DIR', 'KOTLIN_HOME'],
  ...['ANDROID_HOME', 'ANDROID_SDK_ROOT', 'ANDROID_NDK_HOME', 'ANDROID_USER_HOME'],
  ...['GOPATH', 'GOROOT', 'GOMODCACHE', 'GOCACHE'],
  ...['PNPM_HOME', 'NVM_DIR', 'VOLTA_HOME', 'FNM_DIR', 'N_PREFIX', 'COREPACK_HOME', 'BUN_INSTALL', 'DENO_DIR'],
  ...[
    'YARN_CACHE_FOLDER',
    'PYENV_ROOT',
    'PIPX_HOME',
    'POETRY_HOME',
    'PIP_CACHE_DIR',
    'UV_CACHE_DIR',
    'UV_PYTHON_INSTALL_DIR',
  ],
  ...['RBENV_ROOT', 'RVM_PATH', 'GEM_HOME', 'GEM_PATH', 'COMPOSER_HOME', 'PUB_CACHE', 'FLUTTER_ROOT'],
  ...['DOTNET_ROOT', 'NUGET_PACKAGES', 'MIX_HOME', 'HEX_HOME', 'STACK_ROOT', 'CABAL_DIR', 'JULIA_DEPOT_PATH'],
  ...['ASDF_DIR', 'ASDF_DATA_DIR', 'MISE_DATA_DIR', 'HOMEBREW_PREFIX', 'NIX_PROFILES', 'SDKROOT', 'DEVELOPER_DIR'],
]

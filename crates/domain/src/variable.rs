//! Names of environment variables, and those that no secret may fill.
//!
//! What a process gets from a credential is named by its description; that is the wall. The list
//! below is a second one, for variables that loaders, shells, interpreters and tools obey: with one
//! of them a value is as good as a command. A list like that is never complete.

use crate::Refusal;

/// The longest name, in bytes.
const LONGEST: usize = 128;

/// Whether a text is the name of a variable.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)
}

/// Whether a variable tells a loader, a shell, an interpreter or a tool what to run, what to load
/// or whom to trust. Letter case makes no difference.
pub fn is_harmful(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if SECRETS.contains(&name.as_str()) {
        return false;
    }
    NAMES.contains(&name.as_str())
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a variable is one of Gatehall's own, which hold its database and its keys.
pub fn is_own(name: &str) -> bool {
    name.to_ascii_uppercase().starts_with("GATEHALL_")
}

/// Checks the name of a variable of the gate that is to hold a secret.
pub(crate) fn check_source(name: &str) -> Result<(), Refusal> {
    if !is_name(name) {
        let problem = format!(
            "\"{}\" is not the name of a variable: use at most {LONGEST} of A-Z a-z 0-9 _",
            name.escape_debug()
        );
        return Err(Refusal::invalid("environment", problem));
    }
    if is_own(name) {
        let problem = format!("{name} is Gatehall's own and no secret of a server: use another");
        return Err(Refusal::invalid("environment", problem));
    }
    Ok(())
}

/// Checks the name of a variable that a description declares for credentials.
pub(crate) fn check_declared(name: &str) -> Result<(), Refusal> {
    let problem = if !is_name(name) {
        format!(
            "\"{}\" is not the name of a variable: use at most {LONGEST} of A-Z a-z 0-9 _",
            name.escape_debug()
        )
    } else if is_harmful(name) {
        harm(name)
    } else {
        return Ok(());
    };
    Err(Refusal::invalid("credential_variables", problem))
}

/// Why a credential cannot fill a variable.
pub(crate) fn harm(name: &str) -> String {
    format!(
        "{name} can make something else run or lead it elsewhere, whatever the command is, so no \
         credential may fill it: use a variable of the server's own"
    )
}

/// Names that look like those below and are secrets.
const SECRETS: [&str; 12] = [
    "BUN_AUTH_TOKEN",
    "CARGO_REGISTRY_TOKEN",
    "COMPOSER_AUTH",
    "DENO_DEPLOY_TOKEN",
    "GIT_PASSWORD",
    "GIT_TOKEN",
    "GIT_USERNAME",
    "NODE_AUTH_TOKEN",
    "PLAYWRIGHT_SERVICE_ACCESS_TOKEN",
    "SSH_PASSWORD",
    "UV_PUBLISH_PASSWORD",
    "UV_PUBLISH_TOKEN",
];

/// How whole families begin.
#[rustfmt::skip]
const BEGINNINGS: &[&str] = &[
    // The loader, the C library, and what they load.
    "LD_", "DYLD_", "_RLD", "RLD_", "MALLOC_", "GLIBC_", "GCONV_", "RESOLV_", "NSS_", "KRB5",
    "GSS_", "SASL_", "QT_", "GTK_", "GIO_", "GST_", "DBUS_", "WAYLAND_", "VK_ICD", "VK_LAYER",
    "VK_ADD",
    // Shells and terminals.
    "BASH", "PROMPT_", "ZDOT", "KSH_", "TERMINFO",
    // Interpreters, their package managers and build tools.
    "PYTHON", "_PYTHON", "PIP_", "PIPX_", "PIPENV_", "UV_", "POETRY_", "PDM_", "HATCH_", "CONDA_",
    "PYENV_", "NODE_", "NPM_CONFIG_", "YARN_", "PNPM_", "COREPACK_", "VOLTA_", "NVM_", "FNM_",
    "ELECTRON_", "PUPPETEER_", "PLAYWRIGHT_", "DENO_", "BUN_", "TS_NODE_", "PERL", "RUBY", "GEM_",
    "BUNDLE_", "RBENV_", "JAVA_", "_JAVA_", "JDK_", "JVM_", "MAVEN_", "GRADLE_", "DOTNET_",
    "COMPLUS_", "CORECLR_", "COR_", "MSBUILD", "PHP_", "COMPOSER_", "LUA_", "LUAROCKS_", "ERL_",
    "ELIXIR_", "JULIA_", "GUILE_", "R_LIBS", "CGO_", "CARGO_", "RUSTUP_", "RUSTC", "RUSTDOC",
    "CMAKE_", "PKG_CONFIG", "ASDF_", "MISE_", "SDKMAN_",
    // Tools that run other things, or say whom to trust.
    "GIT_", "SSH_", "SUDO_", "DOAS_", "GPG_", "PINENTRY_", "XDG_", "SYSTEMD_", "ANSIBLE_",
    "OPENSSL_", "SSL_", "SSLKEYLOG", "GNUTLS_", "CURL_", "REQUESTS_CA_", "AWS_CONTAINER_",
    "AWS_ENDPOINT_", "AZURE_CONFIG", "CHROME_", "CLOUDSDK_PYTHON", "FFMPEG", "HGEDITOR", "HGMERGE", "HGRC",
    "POWERSHELL_", "PSMODULE", "PYTEST_", "RIPGREP_", "TF_CLI_", "LIBMYSQL_", "ODBC",
];

/// How names end that say what to run, or by which way.
const ENDS: &[&str] = &[
    "_PROXY",
    "PAGER",
    "EDITOR",
    "BROWSER",
    "ASKPASS",
    "_SHELL",
    "_RSH",
    "_WRAPPER",
    "_COMMAND",
    "_CMD",
    "_BIN",
    "_EXECUTABLE",
    "EXECUTABLE_PATH",
    "LIBRARY_PATH",
    "_PRELOAD",
    "_OPTS",
    "_OPTIONS",
    "_FLAGS",
    "_CA_BUNDLE",
    "_CA_CERTS",
];

/// Single names.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    // The loader, the C library, locales.
    "HOSTALIASES", "LOCALDOMAIN", "GETCONF_DIR", "NIS_PATH", "LIBPATH", "SHLIB_PATH", "LOCPATH",
    "NLSPATH", "LANGUAGE", "TEXTDOMAIN", "TEXTDOMAINDIR", "TZ", "TZDIR", "ARGP_HELP_FMT",
    // Where things are.
    "PATH", "HOME", "PWD", "OLDPWD", "CDPATH", "TMPDIR", "TMP", "TEMP", "USER", "LOGNAME",
    "DISPLAY", "XAUTHORITY", "MANPATH", "INFOPATH", "FPATH", "MAILPATH", "VIRTUAL_ENV",
    "GNUPGHOME", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID",
    "LISTEN_FDNAMES", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH",
    "G_SLICE", "G_DEBUG", "KUBECONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES",
    "ORACLE_HOME", "TNS_ADMIN", "MYSQL_HOME", "PGSERVICEFILE", "PGSYSCONFDIR", "PGOPTIONS",
    "LDAPCONF", "LDAPRC", "WGETRC", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "HTTPLIB2_CA_CERTS",
    // Shells and terminals.
    "SHELL", "SHELLOPTS", "HISTFILE", "LESS", "LESSOPEN", "LESSCLOSE", "ENV", "IFS", "PS0", "PS1",
    "PS2", "PS3", "PS4", "POSIXLY_CORRECT", "GLOBIGNORE", "FIGNORE", "FCEDIT", "INPUTRC", "TERM",
    "TERMCAP", "VISUAL", "MANOPT", "VIMINIT", "VIMRUNTIME", "VIM", "EXINIT", "EMACSLOADPATH",
    // Interpreters and build tools.
    "CLASSPATH", "MONO_PATH", "MONO_CONFIG", "MONO_GAC_PREFIX", "PHPRC", "AWKPATH", "AWKLIBPATH",
    "OCAMLRUNPARAM", "TCLLIBPATH", "TCL_LIBRARY", "R_HOME", "R_PROFILE", "R_PROFILE_USER",
    "R_ENVIRON", "R_ENVIRON_USER", "RUSTFLAGS", "MAKEFLAGS", "MFLAGS", "MAKEFILES", "CC", "CXX",
    "CPP", "LD", "AS", "AR", "GOAUTH", "GOBIN", "GOCACHE", "GODEBUG", "GOENV", "GOEXPERIMENT",
    "GOFLAGS", "GOGC", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB", "GOPATH",
    "GOPRIVATE", "GOPROXY", "GOROOT", "GOSUMDB", "GOTMPDIR", "GOTOOLCHAIN", "GOTOOLDIR",
    "GOTRACEBACK", "GOVCS", "GOWORK",
    // Tools that run other things.
    "HGRCPATH", "SVN_SSH", "CVS_RSH", "RSYNC_RSH", "TAR_OPTIONS", "GREP_OPTIONS", "TEXINPUTS",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_obey_is_harmful_in_any_letters() {
        for name in
            "LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES GCONV_PATH GLIBC_TUNABLES \
             LOCPATH NLSPATH MALLOC_CHECK_ HOSTALIASES PATH HOME TMPDIR TERMINFO TERMINFO_DIRS \
             SHELL SHELLOPTS BASHOPTS BASH_ENV ENV BASH_FUNC_ls%% PS4 PROMPT_COMMAND IFS CDPATH \
             EDITOR VISUAL PAGER BROWSER GIT_PAGER MANPAGER KUBE_EDITOR GH_BROWSER PYTHONPATH \
             PYTHONSTARTUP PYTHONWARNINGS PYTHONHOME NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS \
             npm_config_registry NPM_CONFIG_SCRIPT_SHELL RUBYOPT RUBYLIB GEM_PATH PERL5OPT \
             PERL5LIB PERLLIB PERL5DB JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH \
             MAVEN_OPTS DOTNET_STARTUP_HOOKS COMPlus_EnableDiagnostics CORECLR_PROFILER \
             COR_PROFILER_PATH PHPRC PHP_INI_SCAN_DIR LUA_INIT_5_4 LUA_PATH GOFLAGS GOPROXY \
             GODEBUG ERL_AFLAGS R_PROFILE_USER GIT_SSH_COMMAND GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 \
             GIT_EXTERNAL_DIFF SSH_ASKPASS SSH_AUTH_SOCK SUDO_ASKPASS UV_INDEX_URL PIP_INDEX_URL \
             DENO_DIR BUN_INSTALL XDG_CONFIG_HOME OPENSSL_CONF OPENSSL_MODULES SSL_CERT_FILE \
             SSLKEYLOGFILE REQUESTS_CA_BUNDLE http_proxy https_proxy ALL_PROXY no_proxy LESSOPEN \
             MAKEFLAGS RUSTC_WRAPPER PUPPETEER_EXECUTABLE_PATH AWS_CONFIG_FILE KUBECONFIG GPG_TTY \
             RSYNC_RSH"
                .split_whitespace()
        {
            let odd: String = name
                .char_indices()
                .map(
                    |(at, c)| {
                        if at % 2 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
                    },
                )
                .collect();
            for name in [name, &name.to_lowercase(), &name.to_uppercase(), &odd] {
                assert!(is_harmful(name), "{name}");
            }
        }
    }

    #[test]
    fn secrets_of_servers_are_not_harmful() {
        for name in "API_KEY GITHUB_TOKEN GITHUB_PERSONAL_ACCESS_TOKEN GITLAB_TOKEN GIT_TOKEN \
             GOOGLE_API_KEY GOOGLE_CLIENT_SECRET GOODREADS_KEY OPENAI_API_KEY TOKEN KEY PASSWORD \
             SLACK_BOT_TOKEN NPM_TOKEN NODE_AUTH_TOKEN HOMEASSISTANT_TOKEN ENVIRONMENT_KEY \
             PATHFINDER_KEY AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN PGPASSWORD DATABASE_URL \
             CARGO_REGISTRY_TOKEN NOTION_TOKEN ENV_TOKEN TERMINUS_KEY USER_TOKEN HISTORIAN_KEY \
             TZ_KEY SSH_PASSWORD LESSON_KEY TCLOUD_KEY SHELLY_KEY LISTEN_API_KEY VK_TOKEN \
             MONO_API_TOKEN DOCKER_PASSWORD"
            .split_whitespace()
        {
            assert!(!is_harmful(name), "{name}");
        }
        assert!(
            is_own("GATEHALL_DATABASE") && is_own("gatehall_vault_keys") && !is_own("GATE_KEY")
        );
    }

    #[test]
    fn names_are_plain_and_short() {
        assert!(is_name("API_KEY") && is_name("_x1") && is_name(&"A".repeat(128)));
        for bad in ["", "A-B", "A=B", "A B", "A\0", "\u{c4}", "A.B", "A%", &"A".repeat(129)] {
            assert!(!is_name(bad), "{bad:?}");
        }
        assert!(check_source("GATEHALL_DATABASE").is_err() && check_source("").is_err());
        assert!(check_declared("ld_preload").is_err() && check_declared("API_KEY").is_ok());
    }
}

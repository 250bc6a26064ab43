// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "redact_tools.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

#define NAME_MAX_BYTES 24

/* clang-format off: a table */

static const struct redact_tool tools[] = {
	/* databases */
	{" mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlslap mysqlsh "
	 "mysqlbinlog"
	 " mysqlpump mysql_upgrade mycli mariadb mariadb-dump mariadb-admin mariadb-import "
	 "mariadb-check"
	 " mariadb-binlog mariadb-show mariadb-slap mariadb-upgrade mariabackup mariadb-backup"
	 " xtrabackup innobackupex mydumper myloader pt-query-digest pt-table-checksum ",
	 "-p_", "password|old-password *", "BNsvtfEHArRbqCw"},
	{" mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop cqlsh"
	 " cypher-shell rabbitmqadmin rdesktop ncftp ncftpput ncftpget cbq arangosh beeline snowsql"
	 " evil-winrm crackmapexec netexec nxc yt-dlp youtube-dl twine poetry doveadm saslpasswd2"
	 " nordvpn wfuzz airflow couchbase-cli cbbackupmgr iscli usql pgcli vsql ",
	 "-p+", "", ""},
	{" redis-cli valkey-cli keydb-cli redis-benchmark ", "-a+ --pass",
	 "auth ?;requirepass|masterauth *;setuser _ ?", ""},
	{" sqlcmd bcp tsql osql ipmitool mosquitto_pub mosquitto_sub mosquitto_rr fisql ", "-P+",
	 "", ""},
	{" isql iusql ", "-P+", "_ _ *", ""},
	{" sqlplus sqlldr exp imp expdp impdp rman sqlcl ", "", "/;target|catalog /", ""},
	{" influx ", "-t+ -p+", "", ""},
	{" neo4j-admin ", "", "set-initial-password *", ""},
	{" mosquitto_passwd ", "", "-b _ _ *", ""},
	{" rabbitmqctl ", "", "add_user _ *;change_password _ *;authenticate_user _ *", ""},
	/* HTTP */
	{" curl ",
	 "-u+: --user: -U+: --proxy-user: -E+: --cert: --proxy-cert: -b+= --cookie= --pass "
	 "--proxy-pass"
	 " --oauth2-bearer --tlspassword --proxy-tlspassword --hostpubsha256~ --pinnedpubkey~",
	 "", "sSfLkvgGiIjnNOJRqZaBlM012346#"},
	{" http https xh xhs ", "-a+: --auth:", "", "vhfFIj"},
	{" ab hey ", "-A+: -a+: -P+: -X+:", "", ""},
	{" ttyd gotty ", "-c+: --credential:", "", ""},
	{" transmission-remote ", "-n+: --auth:", "", ""},
	{" nikto ", "-id:", "", ""},
	{" sqlmap ", "--auth-cred:", "", ""},
	{" ncat chisel ", "--proxy-auth: --auth:", "", ""},
	{" jenkins-cli jenkins-cli.jar ", "-auth:", "", ""},
	/* containers, clouds */
	{" docker podman nerdctl helm buildah skopeo oras crane regctl oc az cosign ",
	 "--secret~ --creds: --src-creds: --dest-creds: --src-registry-token --dest-registry-token",
	 "login -p *", ""},
	{" ctr ", "-u+: --user:", "", ""},
	{" crictl ", "--creds:", "", ""},
	{" kubectl k oc ", "", "create secret --from-literal =v", ""},
	{" aws ", "", "configure set =;put-parameter --value *", ""},
	{" gcloud ", "--secret~", "auth activate-refresh-token _ *", ""},
	{" gh glab ", "", "secret|variable set -b|--body *;auth login -t|--token *", ""},
	{" doctl ", "-t", "", ""},
	{" envconsul consul-template ", "-secret~", "", ""},
	{" git ", "--force-with-lease=_~", "", ""},
	{" fetchmail ", "--auth~", "", ""},
	{" flyctl fly ", "", "secrets set =v", ""},
	{" pulumi ", "--secret~", "config set ?", ""},
	{" vault bao ", "", "kv put|patch _ =v;write _ =v;login *;unseal *", ""},
	{" consul nomad ", "-encrypt -token -gossip-key", "", ""},
	{" etcdctl ", "--user:", "", ""},
	{" etcd ", "--auth-token~", "", ""},
	{" minisign signify signify-openbsd ", "-P~", "", ""},
	{" mc mcli ", "", "alias set _ _ _ *;host add _ _ _ *;user add _ _ *", ""},
	{" ngrok ", "", "authtoken *;add-authtoken *", ""},
	{" cloudflared ", "", "service install *", ""},
	{" snyk ", "", "auth *", ""},
	{" codecov coveralls frpc frps ", "-t+", "", ""},
	{" ansible-vault ", "", "encrypt_string *", ""},
	/* packages */
	{" npm yarn pnpm ", "", "config set =", ""},
	{" composer ", "", "config http-basic _ *;config = ", ""},
	{" cargo ", "", "login *", ""},
	{" dotnet nuget ", "", "push -k|-ApiKey *", ""},
	{" sonar-scanner ", "-Dsonar.login", "", ""},
	{" p4 ", "-P+", "", ""},
	/* accounts */
	{" useradd usermod groupadd groupmod newusers ", "-p+", "", ""},
	{" chpasswd mkpasswd grub-mkpasswd-pbkdf2 pwgen-hash ",
	 "--crypt-method~ --method~ -m~ -c~ -s~ --sha-rounds~", "?", ""},
	{" htpasswd ", "", "-b _ _ *;-n _ *", ""},
	{" net ", "", "use !;user _ ?", ""},
	{" samba-tool ", "", "user create|add _ ?", ""},
	{" smbclient rpcclient winexe pth-winexe smbget smbmap nmblookup smbcacls ", "-U+% --user%",
	 "", ""},
	{" kadmin kadmin.local ", "-w+", "", ""},
	{" ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd ldapmodrdn ldapcompare "
	 "ldapexop ",
	 "-w+ -s+ ", "", "xvnZcMLz"},
	{" psexec psexec64 ", "-p", "", ""},
	{" schtasks ", "/rp", "", ""},
	{" security ", "-w -P", "", ""},
	{" keepassxc-cli bw lpass ", "", "unlock *;login _ ?", ""},
	{" oathtool ", "", "?", ""},
	{" steamcmd steamcmd.sh ", "", "+login _ *", ""},
	/* remote */
	{" sshpass ", "-p+", "", "v"},
	{" plink pscp psftp putty ", "-pw", "", ""},
	{" lftp ", "-u+,", "", ""},
	{" xfreerdp wlfreerdp sdl-freerdp mstsc ", "/p:_", "", ""},
	{" expect autoexpect ", "send", "", ""},
	{" snmpget snmpwalk snmpset snmpbulkwalk snmpbulkget snmptrap snmpgetnext snmptable ",
	 "-c+ -A+ -X+", "", ""},
	{" racadm ipmipower bmc-info ", "-p+", "", ""},
	{" swaks ", "-ap", "", ""},
	{" sendemail ", "-xp", "", ""},
	{" hydra medusa ", "-p+", "", ""},
	{" sipp ", "-ap", "", ""},
	/* networks */
	{" wpa_passphrase ", "", "_ *", ""},
	{" wpa_cli ", "", "psk|password|wep_key0 *", ""},
	{" nmcli ", "", "password *;802-11-wireless-security.psk|wifi-sec.psk *", ""},
	{" iwconfig ", "", "key ?", ""},
	{" wg ", "peer~", "private-key|preshared-key *", ""},
	{" vncpasswd x11vnc ", "-passwd -viewpasswd", "", ""},
	/* cryptography, archives */
	{" openssl ", "pass:_ -k -K -psk", "passwd ?", ""},
	{" apksigner jarsigner keytool osslsigncode ",
	 "pass:_ -storepass -keypass -srcstorepass -deststorepass", "", ""},
	{" signtool signtool.exe ", "/p", "", ""},
	{" gpg gpg2 ", "--passphrase --recv-keys~ --keys~", "", ""},
	{" ssh-keygen ", "-N+ -P+", "", ""},
	{" zip zipcloak unzip funzip ", "-P+", "", "rqjeu0123456789myDolnCaLpXTv"},
	{" 7z 7za 7zr 7zz 7zzs ", "-p_", "", ""},
	{" rar unrar ", "-p_ -hp_", "", ""},
	{" arj ", "-g_", "", ""},
	{" qpdf ", "", "--encrypt *;--encrypt ?", ""},
	{" pdftotext pdfinfo pdfimages pdftoppm ", "-upw -opw", "", ""},
	{" rclone ", "", "config create _ _ =;obscure *;pass|password|token|client_secret ?", ""},
	{" caddy ", "--plaintext", "", ""},
};

const struct redact_tool redact_any_tool = {
	"",
	"",
	"identified by *;identified with _ by|as *;password for _ = *",
	"",
};

/* clang-format on */

const struct redact_tool *redact_tool(const char *word, size_t n)
{
	const char *slash = memrchr(word, '/', n);
	char name[NAME_MAX_BYTES + 3] = " ";

	if (slash) {
		n -= (size_t)(slash + 1 - word);
		word = slash + 1;
	}
	if (n < 1 || n > NAME_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)word[i]) && !isdigit((unsigned char)word[i]) &&
		    !(word[i] && strchr("-_.", word[i])))
			return NULL;
	memcpy(name + 1, word, n);
	memcpy(name + 1 + n, " ", 2);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (strstr(tools[i].names, name))
			return &tools[i];
	return NULL;
}

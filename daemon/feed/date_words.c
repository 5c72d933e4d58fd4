/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date_words: names of months and weekdays (English, German, French, Italian,
 * Spanish, Portuguese, Dutch, Polish, Russian, Greek, Hungarian), zones (RFC 822
 * and those in common use, minutes east), and the small words between.
 */
#include <string.h>

#include "feed/date.h"

#define MONTH DATE_MONTH
#define WEEKDAY DATE_WEEKDAY
#define ZONE DATE_ZONE
#define AM DATE_AM
#define PM DATE_PM
#define FILLER DATE_FILLER

/* In byte order.  "mar" is Tuesday in three languages and March in five. */
static const struct {
	const char *word;
	unsigned char kind;
	short value;
} words[] = {
	/* clang-format off */
	{"a", FILLER, 0}, {"a.m", AM, 0}, {"abr", MONTH, 4}, {"abril", MONTH, 4},
	{"acdt", ZONE, 630}, {"acst", ZONE, 570}, {"adt", ZONE, -180},
	{"aedt", ZONE, 660}, {"aest", ZONE, 600}, {"ago", MONTH, 8},
	{"agosto", MONTH, 8}, {"akdt", ZONE, -480}, {"akst", ZONE, -540},
	{"alle", FILLER, 0}, {"am", AM, 0}, {"aout", MONTH, 8}, {"aoû", MONTH, 8},
	{"août", MONTH, 8}, {"apr", MONTH, 4}, {"april", MONTH, 4},
	{"aprile", MONTH, 4}, {"art", ZONE, -180}, {"ast", ZONE, -240},
	{"at", ZONE, -240}, {"aug", MONTH, 8}, {"august", MONTH, 8},
	{"augustus", MONTH, 8}, {"augusztus", MONTH, 8}, {"avr", MONTH, 4},
	{"avril", MONTH, 4}, {"awst", ZONE, 480}, {"brst", ZONE, -120},
	{"brt", ZONE, -180}, {"bst", ZONE, 60}, {"cdt", ZONE, -300},
	{"cest", ZONE, 120}, {"cet", ZONE, 60}, {"clst", ZONE, -180},
	{"clt", ZONE, -240}, {"cst", ZONE, -360}, {"ct", ZONE, -360}, {"cze", MONTH, 6},
	{"czerwca", MONTH, 6}, {"czerwiec", MONTH, 6}, {"czw", WEEKDAY, 0},
	{"czwartek", WEEKDAY, 0}, {"das", FILLER, 0}, {"de", FILLER, 0},
	{"dec", MONTH, 12}, {"december", MONTH, 12}, {"decembre", MONTH, 12},
	{"del", FILLER, 0}, {"dez", MONTH, 12}, {"dezember", MONTH, 12},
	{"dezembro", MONTH, 12}, {"di", WEEKDAY, 0}, {"dic", MONTH, 12},
	{"dicembre", MONTH, 12}, {"diciembre", MONTH, 12}, {"dienstag", WEEKDAY, 0},
	{"dim", WEEKDAY, 0}, {"dimanche", WEEKDAY, 0}, {"dinsdag", WEEKDAY, 0},
	{"dnia", FILLER, 0}, {"do", WEEKDAY, 0}, {"dom", WEEKDAY, 0},
	{"domenica", WEEKDAY, 0}, {"domingo", WEEKDAY, 0}, {"donderdag", WEEKDAY, 0},
	{"donnerstag", WEEKDAY, 0}, {"dos", FILLER, 0}, {"déc", MONTH, 12},
	{"décembre", MONTH, 12}, {"edt", ZONE, -240}, {"eest", ZONE, 180},
	{"eet", ZONE, 120}, {"el", FILLER, 0}, {"ene", MONTH, 1}, {"enero", MONTH, 1},
	{"est", ZONE, -300}, {"et", ZONE, -300}, {"feb", MONTH, 2},
	{"febbraio", MONTH, 2}, {"feber", MONTH, 2}, {"febrero", MONTH, 2},
	{"februar", MONTH, 2}, {"februari", MONTH, 2}, {"february", MONTH, 2},
	{"február", MONTH, 2}, {"fev", MONTH, 2}, {"fevereiro", MONTH, 2},
	{"fevrier", MONTH, 2}, {"fr", WEEKDAY, 0}, {"freitag", WEEKDAY, 0},
	{"fri", WEEKDAY, 0}, {"friday", WEEKDAY, 0}, {"fév", MONTH, 2},
	{"févr", MONTH, 2}, {"février", MONTH, 2}, {"gen", MONTH, 1},
	{"gennaio", MONTH, 1}, {"gio", WEEKDAY, 0}, {"giovedi", WEEKDAY, 0},
	{"giovedì", WEEKDAY, 0}, {"giu", MONTH, 6}, {"giugno", MONTH, 6},
	{"gmt", ZONE, 0}, {"gru", MONTH, 12}, {"grudnia", MONTH, 12},
	{"grudzień", MONTH, 12}, {"gst", ZONE, 240}, {"hdt", ZONE, -540},
	{"hkt", ZONE, 480}, {"hst", ZONE, -600}, {"ict", ZONE, 420}, {"il", FILLER, 0},
	{"ist", ZONE, 330}, {"jan", MONTH, 1}, {"janeiro", MONTH, 1},
	{"januar", MONTH, 1}, {"januari", MONTH, 1}, {"january", MONTH, 1},
	{"január", MONTH, 1}, {"janv", MONTH, 1}, {"janvier", MONTH, 1},
	{"jeu", WEEKDAY, 0}, {"jeudi", WEEKDAY, 0}, {"jst", ZONE, 540},
	{"jue", WEEKDAY, 0}, {"jueves", WEEKDAY, 0}, {"juil", MONTH, 7},
	{"juillet", MONTH, 7}, {"juin", MONTH, 6}, {"jul", MONTH, 7},
	{"julho", MONTH, 7}, {"juli", MONTH, 7}, {"julio", MONTH, 7},
	{"july", MONTH, 7}, {"jun", MONTH, 6}, {"june", MONTH, 6}, {"junho", MONTH, 6},
	{"juni", MONTH, 6}, {"junio", MONTH, 6}, {"jänn", MONTH, 1},
	{"jänner", MONTH, 1}, {"júl", MONTH, 7}, {"július", MONTH, 7},
	{"jún", MONTH, 6}, {"június", MONTH, 6}, {"kl", FILLER, 0},
	{"klokken", FILLER, 0}, {"kst", ZONE, 540}, {"kwi", MONTH, 4},
	{"kwiecień", MONTH, 4}, {"kwietnia", MONTH, 4}, {"la", FILLER, 0},
	{"las", FILLER, 0}, {"le", FILLER, 0}, {"lip", MONTH, 7}, {"lipca", MONTH, 7},
	{"lipiec", MONTH, 7}, {"lis", MONTH, 11}, {"listopad", MONTH, 11},
	{"listopada", MONTH, 11}, {"lug", MONTH, 7}, {"luglio", MONTH, 7},
	{"lun", WEEKDAY, 0}, {"lundi", WEEKDAY, 0}, {"lunedi", WEEKDAY, 0},
	{"lunedì", WEEKDAY, 0}, {"lunes", WEEKDAY, 0}, {"lut", MONTH, 2},
	{"lutego", MONTH, 2}, {"luty", MONTH, 2}, {"ma", WEEKDAY, 0}, {"maa", MONTH, 3},
	{"maandag", WEEKDAY, 0}, {"maart", MONTH, 3}, {"mag", MONTH, 5},
	{"maggio", MONTH, 5}, {"mai", MONTH, 5}, {"maio", MONTH, 5}, {"maj", MONTH, 5},
	{"maja", MONTH, 5}, {"mar", WEEKDAY, 3}, {"marca", MONTH, 3},
	{"march", MONTH, 3}, {"marco", MONTH, 3}, {"mardi", WEEKDAY, 0},
	{"mars", MONTH, 3}, {"martedi", WEEKDAY, 0}, {"martedì", WEEKDAY, 0},
	{"martes", WEEKDAY, 0}, {"marzec", MONTH, 3}, {"marzo", MONTH, 3},
	{"março", MONTH, 3}, {"may", MONTH, 5}, {"mayo", MONTH, 5}, {"mdt", ZONE, -360},
	{"mei", MONTH, 5}, {"mer", WEEKDAY, 0}, {"mercoledi", WEEKDAY, 0},
	{"mercoledì", WEEKDAY, 0}, {"mercredi", WEEKDAY, 0}, {"mest", ZONE, 120},
	{"mesz", ZONE, 120}, {"met", ZONE, 60}, {"mez", ZONE, 60}, {"mi", WEEKDAY, 0},
	{"mie", WEEKDAY, 0}, {"miercoles", WEEKDAY, 0}, {"mittwoch", WEEKDAY, 0},
	{"mié", WEEKDAY, 0}, {"miércoles", WEEKDAY, 0}, {"mo", WEEKDAY, 0},
	{"mon", WEEKDAY, 0}, {"monday", WEEKDAY, 0}, {"montag", WEEKDAY, 0},
	{"mrt", MONTH, 3}, {"mrz", MONTH, 3}, {"msd", ZONE, 240}, {"msk", ZONE, 180},
	{"mst", ZONE, -420}, {"mt", ZONE, -420}, {"máj", MONTH, 5}, {"május", MONTH, 5},
	{"március", MONTH, 3}, {"mär", MONTH, 3}, {"märz", MONTH, 3},
	{"ndt", ZONE, -150}, {"nie", WEEKDAY, 0}, {"niedz", WEEKDAY, 0},
	{"niedziela", WEEKDAY, 0}, {"nov", MONTH, 11}, {"november", MONTH, 11},
	{"novembre", MONTH, 11}, {"novembro", MONTH, 11}, {"noviembre", MONTH, 11},
	{"npt", ZONE, 345}, {"nst", ZONE, -210}, {"nzdt", ZONE, 780},
	{"nzst", ZONE, 720}, {"o", FILLER, 0}, {"oct", MONTH, 10},
	{"october", MONTH, 10}, {"octobre", MONTH, 10}, {"octubre", MONTH, 10},
	{"of", FILLER, 0}, {"okt", MONTH, 10}, {"oktober", MONTH, 10},
	{"október", MONTH, 10}, {"om", FILLER, 0}, {"on", FILLER, 0}, {"op", FILLER, 0},
	{"ore", FILLER, 0}, {"ott", MONTH, 10}, {"ottobre", MONTH, 10},
	{"out", MONTH, 10}, {"outubro", MONTH, 10}, {"p.m", PM, 0}, {"paź", MONTH, 10},
	{"październik", MONTH, 10}, {"października", MONTH, 10}, {"pdt", ZONE, -420},
	{"pht", ZONE, 480}, {"piątek", WEEKDAY, 0}, {"pkt", ZONE, 300}, {"pm", PM, 0},
	{"pon", WEEKDAY, 0}, {"poniedziałek", WEEKDAY, 0}, {"pst", ZONE, -480},
	{"pt", ZONE, -480}, {"qua", WEEKDAY, 0}, {"quarta", WEEKDAY, 0},
	{"quarta-feira", WEEKDAY, 0}, {"qui", WEEKDAY, 0}, {"quinta", WEEKDAY, 0},
	{"quinta-feira", WEEKDAY, 0}, {"r", FILLER, 0}, {"sa", WEEKDAY, 0},
	{"sab", WEEKDAY, 0}, {"sabado", WEEKDAY, 0}, {"sabato", WEEKDAY, 0},
	{"sam", WEEKDAY, 0}, {"samedi", WEEKDAY, 0}, {"samstag", WEEKDAY, 0},
	{"sast", ZONE, 120}, {"sat", WEEKDAY, 0}, {"saturday", WEEKDAY, 0},
	{"seg", WEEKDAY, 0}, {"segunda", WEEKDAY, 0}, {"segunda-feira", WEEKDAY, 0},
	{"sep", MONTH, 9}, {"sept", MONTH, 9}, {"september", MONTH, 9},
	{"septembre", MONTH, 9}, {"septiembre", MONTH, 9}, {"set", MONTH, 9},
	{"setembro", MONTH, 9}, {"setiembre", MONTH, 9}, {"settembre", MONTH, 9},
	{"sex", WEEKDAY, 0}, {"sexta", WEEKDAY, 0}, {"sexta-feira", WEEKDAY, 0},
	{"sgt", ZONE, 480}, {"sie", MONTH, 8}, {"sierpień", MONTH, 8},
	{"sierpnia", MONTH, 8}, {"so", WEEKDAY, 0}, {"sob", WEEKDAY, 0},
	{"sobota", WEEKDAY, 0}, {"sonnabend", WEEKDAY, 0}, {"sonntag", WEEKDAY, 0},
	{"sty", MONTH, 1}, {"styczeń", MONTH, 1}, {"stycznia", MONTH, 1},
	{"sun", WEEKDAY, 0}, {"sunday", WEEKDAY, 0}, {"szept", MONTH, 9},
	{"szeptember", MONTH, 9}, {"sáb", WEEKDAY, 0}, {"sábado", WEEKDAY, 0},
	{"ter", WEEKDAY, 0}, {"terça", WEEKDAY, 0}, {"terça-feira", WEEKDAY, 0},
	{"the", FILLER, 0}, {"thu", WEEKDAY, 0}, {"thur", WEEKDAY, 0},
	{"thurs", WEEKDAY, 0}, {"thursday", WEEKDAY, 0}, {"trt", ZONE, 180},
	{"tue", WEEKDAY, 0}, {"tues", WEEKDAY, 0}, {"tuesday", WEEKDAY, 0},
	{"uct", ZONE, 0}, {"uhr", FILLER, 0}, {"um", FILLER, 0}, {"ut", ZONE, 0},
	{"utc", ZONE, 0}, {"ven", WEEKDAY, 0}, {"vendredi", WEEKDAY, 0},
	{"venerdi", WEEKDAY, 0}, {"venerdì", WEEKDAY, 0}, {"vie", WEEKDAY, 0},
	{"viernes", WEEKDAY, 0}, {"vr", WEEKDAY, 0}, {"vrijdag", WEEKDAY, 0},
	{"wed", WEEKDAY, 0}, {"wednesday", WEEKDAY, 0}, {"weds", WEEKDAY, 0},
	{"west", ZONE, 60}, {"wet", ZONE, 0}, {"wib", ZONE, 420}, {"wo", WEEKDAY, 0},
	{"woensdag", WEEKDAY, 0}, {"wrz", MONTH, 9}, {"wrzesień", MONTH, 9},
	{"września", MONTH, 9}, {"wt", WEEKDAY, 0}, {"wtorek", WEEKDAY, 0},
	{"year", FILLER, 0}, {"z", ZONE, 0}, {"za", WEEKDAY, 0},
	{"zaterdag", WEEKDAY, 0}, {"zo", WEEKDAY, 0}, {"zondag", WEEKDAY, 0},
	{"zulu", ZONE, 0}, {"à", FILLER, 0}, {"às", FILLER, 0}, {"ápr", MONTH, 4},
	{"április", MONTH, 4}, {"śr", WEEKDAY, 0}, {"środa", WEEKDAY, 0},
	{"απρ", MONTH, 4}, {"απρίλιος", MONTH, 4}, {"απριλίου", MONTH, 4},
	{"αυγ", MONTH, 8}, {"αυγούστου", MONTH, 8}, {"αύγ", MONTH, 8},
	{"αύγουστος", MONTH, 8}, {"δεκ", MONTH, 12}, {"δεκέμβριος", MONTH, 12},
	{"δεκεμβρίου", MONTH, 12}, {"δευ", WEEKDAY, 0}, {"ιαν", MONTH, 1},
	{"ιανουάριος", MONTH, 1}, {"ιανουαρίου", MONTH, 1}, {"ιολ", MONTH, 7},
	{"ιον", MONTH, 6}, {"ιουλ", MONTH, 7}, {"ιουλίου", MONTH, 7},
	{"ιουν", MONTH, 6}, {"ιουνίου", MONTH, 6}, {"ιούλ", MONTH, 7},
	{"ιούλιος", MONTH, 7}, {"ιούν", MONTH, 6}, {"ιούνιος", MONTH, 6},
	{"κυρ", WEEKDAY, 0}, {"μάι", MONTH, 5}, {"μάιος", MONTH, 5}, {"μάρ", MONTH, 3},
	{"μάρτιος", MONTH, 3}, {"μάώ", MONTH, 3}, {"μαΐου", MONTH, 5},
	{"μαι", MONTH, 5}, {"μαρ", MONTH, 3}, {"μαρτίου", MONTH, 3}, {"μαϊ", MONTH, 5},
	{"μαώ", MONTH, 3}, {"νοέ", MONTH, 11}, {"νοέμβριος", MONTH, 11},
	{"νοε", MONTH, 11}, {"νοεμβρίου", MONTH, 11}, {"οκτ", MONTH, 10},
	{"οκτωβρίου", MONTH, 10}, {"οκτώβριος", MONTH, 10}, {"παρ", WEEKDAY, 0},
	{"πεμ", WEEKDAY, 0}, {"σαβ", WEEKDAY, 0}, {"σεπ", MONTH, 9},
	{"σεπτέμβριος", MONTH, 9}, {"σεπτεμβρίου", MONTH, 9}, {"τετ", WEEKDAY, 0},
	{"τρι", WEEKDAY, 0}, {"φεβ", MONTH, 2}, {"φεβρουάριος", MONTH, 2},
	{"φεβρουαρίου", MONTH, 2}, {"авг", MONTH, 8}, {"август", MONTH, 8},
	{"августа", MONTH, 8}, {"апр", MONTH, 4}, {"апрель", MONTH, 4},
	{"апреля", MONTH, 4}, {"в", FILLER, 0}, {"воскресенье", WEEKDAY, 0},
	{"вс", WEEKDAY, 0}, {"вт", WEEKDAY, 0}, {"вторник", WEEKDAY, 0},
	{"г", FILLER, 0}, {"года", FILLER, 0}, {"дек", MONTH, 12},
	{"декабрь", MONTH, 12}, {"декабря", MONTH, 12}, {"июл", MONTH, 7},
	{"июль", MONTH, 7}, {"июля", MONTH, 7}, {"июн", MONTH, 6}, {"июнь", MONTH, 6},
	{"июня", MONTH, 6}, {"май", MONTH, 5}, {"мар", MONTH, 3}, {"март", MONTH, 3},
	{"марта", MONTH, 3}, {"мая", MONTH, 5}, {"ноя", MONTH, 11}, {"нояб", MONTH, 11},
	{"ноябрь", MONTH, 11}, {"ноября", MONTH, 11}, {"окт", MONTH, 10},
	{"октябрь", MONTH, 10}, {"октября", MONTH, 10}, {"пн", WEEKDAY, 0},
	{"понедельник", WEEKDAY, 0}, {"пт", WEEKDAY, 0}, {"пятница", WEEKDAY, 0},
	{"сб", WEEKDAY, 0}, {"сен", MONTH, 9}, {"сент", MONTH, 9},
	{"сентябрь", MONTH, 9}, {"сентября", MONTH, 9}, {"ср", WEEKDAY, 0},
	{"среда", WEEKDAY, 0}, {"суббота", WEEKDAY, 0}, {"фев", MONTH, 2},
	{"февр", MONTH, 2}, {"февраль", MONTH, 2}, {"февраля", MONTH, 2},
	{"четверг", WEEKDAY, 0}, {"чт", WEEKDAY, 0}, {"янв", MONTH, 1},
	{"январь", MONTH, 1}, {"января", MONTH, 1}, {"오전", AM, 0}, {"오후", PM, 0},
	/* clang-format on */
};

enum date_word
date_word(const char *s, int *value)
{
	size_t lo = 0, hi = sizeof(words) / sizeof(words[0]);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(words[mid].word, s);

		if (c == 0) {
			*value = words[mid].value;
			return words[mid].kind;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return DATE_UNKNOWN;
}

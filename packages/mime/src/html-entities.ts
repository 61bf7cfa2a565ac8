/** The entities of Latin-1, in the order of their characters from U+00A0 to U+00FF. */
const latin1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
  'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute ' +
  'THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ' +
  'ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

/** Greek, in the order of the characters from U+0391; `.` where none has an entity. */
const greek =
  'Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho . Sigma Tau Upsilon Phi Chi Psi ' +
  'Omega . . . . . . . alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau ' +
  'upsilon phi chi psi omega';

/** Others, each with its code point. */
const others =
  'quot 22 amp 26 lt 3c gt 3e apos 27 QUOT 22 AMP 26 LT 3c GT 3e COPY a9 REG ae Tab 9 NewLine a lpar 28 rpar 29 comma 2c ' +
  'period 2e colon 3a semi 3b excl 21 quest 3f num 23 dollar 24 percnt 25 ast 2a plus 2b sol 2f equals 3d commat 40 lsqb 5b ' +
  'bsol 5c rsqb 5d lowbar 5f lcub 7b vert 7c rcub 7d hyphen 2010 dash 2010 OElig 152 oelig 153 Scaron 160 scaron 161 Yuml 178 ' +
  'fnof 192 circ 2c6 tilde 2dc thetasym 3d1 upsih 3d2 piv 3d6 ensp 2002 emsp 2003 thinsp 2009 zwnj 200c zwj 200d lrm 200e ' +
  'rlm 200f ndash 2013 mdash 2014 lsquo 2018 rsquo 2019 sbquo 201a ldquo 201c rdquo 201d bdquo 201e dagger 2020 Dagger 2021 ' +
  'bull 2022 hellip 2026 permil 2030 prime 2032 Prime 2033 lsaquo 2039 rsaquo 203a oline 203e frasl 2044 euro 20ac ' +
  'image 2111 weierp 2118 real 211c trade 2122 alefsym 2135 larr 2190 uarr 2191 rarr 2192 darr 2193 harr 2194 crarr 21b5 ' +
  'lArr 21d0 uArr 21d1 rArr 21d2 dArr 21d3 hArr 21d4 forall 2200 part 2202 exist 2203 empty 2205 nabla 2207 isin 2208 ' +
  'notin 2209 ni 220b prod 220f sum 2211 minus 2212 lowast 2217 radic 221a prop 221d infin 221e ang 2220 and 2227 or 2228 ' +
  'cap 2229 cup 222a int 222b there4 2234 sim 223c cong 2245 asymp 2248 ne 2260 equiv 2261 le 2264 ge 2265 sub 2282 ' +
  'sup 2283 nsub 2284 sube 2286 supe 2287 oplus 2295 otimes 2297 perp 22a5 sdot 22c5 lceil 2308 rceil 2309 lfloor 230a ' +
  'rfloor 230b lang 2329 rang 232a loz 25ca spades 2660 clubs 2663 hearts 2665 diams 2666 check 2713 numsp 2007 puncsp 2008 ' +
  'hairsp 200a NoBreak 2060 ZeroWidthSpace 200b NonBreakingSpace a0 Abreve 102 abreve 103 Amacr 100 amacr 101 Aogon 104 ' +
  'aogon 105 Cacute 106 cacute 107 Ccaron 10c ccaron 10d Dcaron 10e dcaron 10f Dstrok 110 dstrok 111 Ecaron 11a ecaron 11b ' +
  'Emacr 112 emacr 113 Eogon 118 eogon 119 Gbreve 11e gbreve 11f Idot 130 imath 131 inodot 131 Imacr 12a imacr 12b Lstrok 141 ' +
  'lstrok 142 Nacute 143 nacute 144 Ncaron 147 ncaron 148 Odblac 150 odblac 151 Omacr 14c omacr 14d Racute 154 racute 155 ' +
  'Rcaron 158 rcaron 159 Sacute 15a sacute 15b Scedil 15e scedil 15f Tcaron 164 tcaron 165 Tcedil 162 tcedil 163 Udblac 170 ' +
  'udblac 171 Umacr 16a umacr 16b Uring 16e uring 16f Zacute 179 zacute 17a Zcaron 17d zcaron 17e Zdot 17b zdot 17c';

/**
 * Entities of HTML by name: all of HTML 4, and of the later ones those that mail has (punctuation, letters of European
 * languages). Another stays in the text as it was written.
 */
export const htmlEntities: ReadonlyMap<string, string> = (() => {
  const entities = new Map<string, string>();
  for (const [index, name] of latin1.split(' ').entries()) entities.set(name, String.fromCodePoint(0xa0 + index));
  for (const [index, name] of greek.split(' ').entries()) {
    if (name !== '.') entities.set(name, String.fromCodePoint(0x391 + index));
  }
  const words = others.split(' ');
  for (let i = 0; i + 1 < words.length; i += 2) {
    entities.set(words[i] ?? '', String.fromCodePoint(Number.parseInt(words[i + 1] ?? '', 16)));
  }
  return entities;
})();

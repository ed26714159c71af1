<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>GeoLangBind</name>
    <message>
      <source>A scheme needs at least two classes.</source>
      <translation>Ein Schema braucht mindestens zwei Klassen.</translation>
    </message>
    <message>
      <source>Two classes have the same code.</source>
      <translation>Zwei Klassen haben denselben Code.</translation>
    </message>
    <message>
      <source>Codes go from 0 to 254.</source>
      <translation>Codes gehen von 0 bis 254.</translation>
    </message>
    <message>
      <source>A class has no name.</source>
      <translation>Eine Klasse hat keinen Namen.</translation>
    </message>
    <message>
      <source>{0} cannot be read: {1}.</source>
      <translation>{0} kann nicht gelesen werden: {1}.</translation>
    </message>
    <message>
      <source>{0} is not a class scheme (JSON with a list of classes).</source>
      <translation>{0} ist kein Klassenschema (JSON mit einer Liste von Klassen).</translation>
    </message>
    <message>
      <source>Points, lines, polygons or a raster of which you know that they are right</source>
      <translation>Punkte, Linien, Polygone oder ein Raster, von denen Sie wissen, dass sie stimmen</translation>
    </message>
    <message>
      <source>The field that holds the class, as a name or a code of the map</source>
      <translation>Das Feld mit der Klasse, als Name oder Code der Karte</translation>
    </message>
    <message>
      <source>&amp;Check</source>
      <translation>&amp;Prüfen</translation>
    </message>
    <message>
      <source>&amp;Reference</source>
      <translation>&amp;Referenz</translation>
    </message>
    <message>
      <source>&amp;Field</source>
      <translation>&amp;Feld</translation>
    </message>
    <message>
      <source>No reference yet?</source>
      <translation>Noch keine Referenz?</translation>
    </message>
    <message>
      <source>Drawing points…</source>
      <translation>Punkte werden gezogen…</translation>
    </message>
    <message>
      <source>Number of points</source>
      <translation>Anzahl der Punkte</translation>
    </message>
    <message>
      <source>Create &amp;validation points</source>
      <translation>&amp;Validierungspunkte anlegen</translation>
    </message>
    <message>
      <source>Draw points at random within each class of the map, for you to write down what is really there</source>
      <translation>Zufällige Punkte in jeder Klasse der Karte ziehen, an denen Sie eintragen, was wirklich da ist</translation>
    </message>
    <message>
      <source>The map has no class of this name: {0}. Choose what it means there; else it counts as an error. Then press Check again.</source>
      <translation>Die Karte hat keine Klasse dieses Namens: {0}. Wählen Sie, was sie dort bedeutet; sonst zählt sie als Fehler. Drücken Sie dann erneut Prüfen.</translation>
    </message>
    <message>
      <source>This layer is not a map of classes. Choose one that shows classes with a legend.</source>
      <translation>Dieser Layer ist keine Klassenkarte. Wählen Sie einen, der Klassen mit einer Legende zeigt.</translation>
    </message>
    <message>
      <source>Choose a reference.</source>
      <translation>Wählen Sie eine Referenz.</translation>
    </message>
    <message>
      <source>Check the accuracy of {0}</source>
      <translation>Genauigkeit von {0} prüfen</translation>
    </message>
    <message>
      <source>{0} points are on the map. Write what is really there into their field “class”, then press Check; this window may stay open. Points without a class are left out.</source>
      <translation>{0} Punkte liegen auf der Karte. Tragen Sie in das Feld „class“ ein, was wirklich da ist, und drücken Sie dann Prüfen; dieses Fenster darf offen bleiben. Punkte ohne Klasse bleiben weg.</translation>
    </message>
    <message>
      <source>Comparing map and reference…</source>
      <translation>Karte und Referenz werden verglichen…</translation>
    </message>
    <message>
      <source>{0} is not stored in a file. Save it first.</source>
      <translation>{0} liegt nicht in einer Datei. Speichern Sie es zuerst.</translation>
    </message>
    <message>
      <source>Area-adjusted figures follow Olofsson et al. (2014). They hold for points drawn at random within each class of the map; for others they are a correction, not a guarantee.</source>
      <translation>Flächenbereinigte Zahlen folgen Olofsson et al. (2014). Sie gelten für Punkte, die in jeder Klasse der Karte zufällig gezogen wurden; sonst sind sie eine Korrektur, keine Gewähr.</translation>
    </message>
    <message>
      <source>polygons</source>
      <translation>Polygonen</translation>
    </message>
    <message>
      <source>lines</source>
      <translation>Linien</translation>
    </message>
    <message>
      <source>Area-adjusted figures need two samples or more in every class that the map shows.</source>
      <translation>Flächenbereinigte Zahlen brauchen mindestens zwei Stichproben in jeder Klasse, die die Karte zeigt.</translation>
    </message>
    <message>
      <source>Every pixel of the reference counts as an independent sample. Neighbouring pixels are alike, so the intervals are too narrow unless the reference covers the whole map.</source>
      <translation>Jedes Pixel der Referenz zählt als unabhängige Stichprobe. Benachbarte Pixel gleichen sich, daher sind die Intervalle zu eng, wenn die Referenz nicht die ganze Karte bedeckt.</translation>
    </message>
    <message>
      <source>Pixels of one polygon are alike: each polygon counts as one sample at most.</source>
      <translation>Pixel eines Polygons gleichen sich: Jedes Polygon zählt höchstens als eine Stichprobe.</translation>
    </message>
    <message>
      <source>Class</source>
      <translation>Klasse</translation>
    </message>
    <message>
      <source>Samples</source>
      <translation>Stichproben</translation>
    </message>
    <message>
      <source>Producer's (%)</source>
      <translation>Produzent (%)</translation>
    </message>
    <message>
      <source>User's (%)</source>
      <translation>Nutzer (%)</translation>
    </message>
    <message>
      <source>Adjusted share (%)</source>
      <translation>Bereinigter Anteil (%)</translation>
    </message>
    <message>
      <source>± 95 %</source>
      <translation>± 95 %</translation>
    </message>
    <message>
      <source>Classes</source>
      <translation>Klassen</translation>
    </message>
    <message>
      <source>Confusion matrix</source>
      <translation>Konfusionsmatrix</translation>
    </message>
    <message>
      <source>Open &amp;report</source>
      <translation>&amp;Bericht öffnen</translation>
    </message>
    <message>
      <source>&amp;Copy</source>
      <translation>&amp;Kopieren</translation>
    </message>
    <message>
      <source>Save as CSV</source>
      <translation>Als CSV speichern</translation>
    </message>
    <message>
      <source>Mapped (ha)</source>
      <translation>Kartiert (ha)</translation>
    </message>
    <message>
      <source>Adjusted (ha)</source>
      <translation>Bereinigt (ha)</translation>
    </message>
    <message>
      <source>Of what is really there, the share that the map shows</source>
      <translation>Anteil dessen, was wirklich da ist, den die Karte zeigt</translation>
    </message>
    <message>
      <source>Of what the map shows, the share that is really there</source>
      <translation>Anteil dessen, was die Karte zeigt, der wirklich da ist</translation>
    </message>
    <message>
      <source>Area that the map shows</source>
      <translation>Fläche, die die Karte zeigt</translation>
    </message>
    <message>
      <source>Area corrected by the errors found at the samples</source>
      <translation>Fläche, berichtigt um die Fehler an den Stichproben</translation>
    </message>
    <message>
      <source>{0} pixels in {1} {2}</source>
      <translation>{0} Pixel in {1} {2}</translation>
    </message>
    <message>
      <source>features</source>
      <translation>Objekten</translation>
    </message>
    <message>
      <source>Total</source>
      <translation>Summe</translation>
    </message>
    <message>
      <source>Reference ↓ · map →</source>
      <translation>Referenz ↓ · Karte →</translation>
    </message>
    <message>
      <source>Overall accuracy</source>
      <translation>Gesamtgenauigkeit</translation>
    </message>
    <message>
      <source>samples</source>
      <translation>Stichproben</translation>
    </message>
    <message>
      <source>Not on the map, counted as errors: {0}</source>
      <translation>Nicht auf der Karte, als Fehler gezählt: {0}</translation>
    </message>
    <message>
      <source>Accuracy of {0}</source>
      <translation>Genauigkeit von {0}</translation>
    </message>
    <message>
      <source>area-adjusted</source>
      <translation>flächenbereinigt</translation>
    </message>
    <message>
      <source>&amp;Save as CSV…</source>
      <translation>Als CSV &amp;speichern…</translation>
    </message>
    <message>
      <source>Area</source>
      <translation>Gebiet</translation>
    </message>
    <message>
      <source>Draw a rectangle on the map</source>
      <translation>Ein Rechteck auf der Karte zeichnen</translation>
    </message>
    <message>
      <source>Layer whose selected polygons are meant; all its polygons where none is selected</source>
      <translation>Layer, dessen gewählte Polygone gemeint sind; alle, wenn keines gewählt ist</translation>
    </message>
    <message>
      <source>Polygon layer</source>
      <translation>Polygonlayer</translation>
    </message>
    <message>
      <source>Follow the map: answer the prompts wherever the map is moved to</source>
      <translation>Der Karte folgen: die Begriffe überall suchen, wohin die Karte bewegt wird</translation>
    </message>
    <message>
      <source>Follow the map</source>
      <translation>Der Karte folgen</translation>
    </message>
    <message>
      <source>Visible extent</source>
      <translation>Sichtbarer Ausschnitt</translation>
    </message>
    <message>
      <source>Drawn rectangle</source>
      <translation>Gezeichnetes Rechteck</translation>
    </message>
    <message>
      <source>Selected polygons</source>
      <translation>Gewählte Polygone</translation>
    </message>
    <message>
      <source>Whole layer</source>
      <translation>Ganzer Layer</translation>
    </message>
    <message>
      <source>Select polygons first, or choose a layer that has some.</source>
      <translation>Wählen Sie zuerst Polygone, oder einen Layer, der welche hat.</translation>
    </message>
    <message>
      <source>Draw a rectangle on the map first.</source>
      <translation>Zeichnen Sie zuerst ein Rechteck auf der Karte.</translation>
    </message>
    <message>
      <source>Area (ha)</source>
      <translation>Fläche (ha)</translation>
    </message>
    <message>
      <source>Share (%)</source>
      <translation>Anteil (%)</translation>
    </message>
    <message>
      <source>Areas of {0}</source>
      <translation>Flächen von {0}</translation>
    </message>
    <message>
      <source>Land-cover map</source>
      <translation>Landbedeckungskarte</translation>
    </message>
    <message>
      <source>Map shown</source>
      <translation>Gezeigte Karte</translation>
    </message>
    <message>
      <source>Ar&amp;eas…</source>
      <translation>&amp;Flächen…</translation>
    </message>
    <message>
      <source>How much of each class there is</source>
      <translation>Wie viel es von jeder Klasse gibt</translation>
    </message>
    <message>
      <source>P&amp;olygons…</source>
      <translation>P&amp;olygone…</translation>
    </message>
    <message>
      <source>Outline every class, with its area</source>
      <translation>Jede Klasse umranden, mit ihrer Fläche</translation>
    </message>
    <message>
      <source>Sa&amp;ve as…</source>
      <translation>Si&amp;chern…</translation>
    </message>
    <message>
      <source>Keep the map as a GeoTIFF</source>
      <translation>Die Karte als GeoTIFF behalten</translation>
    </message>
    <message>
      <source>Accurac&amp;y…</source>
      <translation>&amp;Genauigkeit…</translation>
    </message>
    <message>
      <source>Compare the map with a reference: how much of it is right?</source>
      <translation>Karte mit einer Referenz vergleichen: wie viel davon stimmt?</translation>
    </message>
    <message>
      <source>Classes of the reference and of the map</source>
      <translation>Klassen der Referenz und der Karte</translation>
    </message>
    <message>
      <source>Reference</source>
      <translation>Referenz</translation>
    </message>
    <message>
      <source>Class of the map</source>
      <translation>Klasse der Karte</translation>
    </message>
    <message>
      <source>Counts as an error</source>
      <translation>Zählt als Fehler</translation>
    </message>
    <message>
      <source>Leave out</source>
      <translation>Weglassen</translation>
    </message>
    <message>
      <source>Class of the map for {0}</source>
      <translation>Klasse der Karte für {0}</translation>
    </message>
    <message>
      <source>Runtime not set up</source>
      <translation>Laufzeit nicht eingerichtet</translation>
    </message>
    <message>
      <source>Runtime starting…</source>
      <translation>Laufzeit startet…</translation>
    </message>
    <message>
      <source>Runtime idle</source>
      <translation>Laufzeit untätig</translation>
    </message>
    <message>
      <source>The image</source>
      <translation>Das Bild</translation>
    </message>
    <message>
      <source>Type what you look for</source>
      <translation>Eingeben, was gesucht wird</translation>
    </message>
    <message>
      <source>Plain words, such as: water. One prompt a line; every prompt becomes a layer of its own.</source>
      <translation>Einfache Wörter, etwa: Wasser. Ein Begriff je Zeile; jeder wird ein eigener Layer.</translation>
    </message>
    <message>
      <source>Run</source>
      <translation>Starten</translation>
    </message>
    <message>
      <source>A coarse answer comes first, then the fine one. The next prompt on the same image is quick.</source>
      <translation>Zuerst kommt eine grobe Antwort, dann die feine. Der nächste Begriff auf demselben Bild geht schnell.</translation>
    </message>
    <message>
      <source>Set the threshold</source>
      <translation>Die Schwelle einstellen</translation>
    </message>
    <message>
      <source>With an answer on the map, the threshold is set below Run, and the answer is saved or outlined as polygons. For land cover, right-click a raster layer.</source>
      <translation>Liegt eine Antwort auf der Karte, stellen Sie unter „Starten“ die Schwelle ein und speichern sie oder machen Polygone daraus. Landbedeckung: Rechtsklick auf einen Rasterlayer.</translation>
    </message>
    <message>
      <source>Choose an image</source>
      <translation>Ein Bild wählen</translation>
    </message>
    <message>
      <source>Add a raster layer and choose it here, or open the sample scene.</source>
      <translation>Fügen Sie einen Rasterlayer hinzu und wählen Sie ihn hier, oder öffnen Sie die Beispielszene.</translation>
    </message>
    <message>
      <source>Prompts are looked for in this layer: {0}. Choose another raster layer here.</source>
      <translation>In diesem Layer wird gesucht: {0}. Hier wählen Sie einen anderen Rasterlayer.</translation>
    </message>
    <message>
      <source>Positive examples: click places of what you look for, or draw boxes; with the right button for negative ones. Escape leaves the tool.</source>
      <translation>Positive Beispiele: Stellen des Gesuchten anklicken oder Rechtecke ziehen; mit der rechten Taste negative. Escape verlässt das Werkzeug.</translation>
    </message>
    <message>
      <source>Negative examples: click places of what you do not look for, or draw boxes</source>
      <translation>Negative Beispiele: Stellen anklicken, die nicht gesucht sind, oder Rechtecke ziehen</translation>
    </message>
    <message>
      <source>Take the selected polygons as examples, all of their area</source>
      <translation>Die ausgewählten Polygone als Beispiele nehmen, mit ihrer ganzen Fläche</translation>
    </message>
    <message>
      <source>Selected polygons as examples</source>
      <translation>Ausgewählte Polygone als Beispiele</translation>
    </message>
    <message>
      <source>Selected polygons as positive examples</source>
      <translation>Ausgewählte Polygone als positive Beispiele</translation>
    </message>
    <message>
      <source>Selected polygons as negative examples</source>
      <translation>Ausgewählte Polygone als negative Beispiele</translation>
    </message>
    <message>
      <source>Remove all examples</source>
      <translation>Alle Beispiele entfernen</translation>
    </message>
    <message>
      <source>A&amp;lso match the prompt</source>
      <translation>A&amp;uch der Suchbegriff gilt</translation>
    </message>
    <message>
      <source>Find what looks like the examples and is what the first prompt says</source>
      <translation>Findet, was wie die Beispiele aussieht und dem ersten Suchbegriff entspricht</translation>
    </message>
    <message>
      <source>Select polygons on this layer first</source>
      <translation>Wählen Sie zuerst Polygone auf diesem Layer aus</translation>
    </message>
    <message>
      <source>That place is outside the layer</source>
      <translation>Diese Stelle liegt außerhalb des Layers</translation>
    </message>
    <message>
      <source>Click places or draw boxes</source>
      <translation>Stellen anklicken oder Rechtecke ziehen</translation>
    </message>
    <message>
      <source>or click examples</source>
      <translation>oder Beispiele anklicken</translation>
    </message>
    <message>
      <source>{0} positive, {1} negative</source>
      <translation>{0} positiv, {1} negativ</translation>
    </message>
    <message>
      <source>Band</source>
      <translation>Band</translation>
    </message>
    <message>
      <source>Name</source>
      <translation>Name</translation>
    </message>
    <message>
      <source>Wavelength (µm)</source>
      <translation>Wellenlänge (µm)</translation>
    </message>
    <message>
      <source>Measured</source>
      <translation>Signal</translation>
    </message>
    <message>
      <source>Black at</source>
      <translation>Schwarz</translation>
    </message>
    <message>
      <source>White at</source>
      <translation>Weiß</translation>
    </message>
    <message>
      <source>Scale factor</source>
      <translation>Faktor</translation>
    </message>
    <message>
      <source>Offset</source>
      <translation>Versatz</translation>
    </message>
    <message>
      <source>Path</source>
      <translation>Pfad</translation>
    </message>
    <message>
      <source>Columns</source>
      <translation>Spalten</translation>
    </message>
    <message>
      <source>Rows</source>
      <translation>Zeilen</translation>
    </message>
    <message>
      <source>Bands</source>
      <translation>Bänder</translation>
    </message>
    <message>
      <source>Data type</source>
      <translation>Datentyp</translation>
    </message>
    <message>
      <source>Reference system</source>
      <translation>Bezugssystem</translation>
    </message>
    <message>
      <source>Extent</source>
      <translation>Ausdehnung</translation>
    </message>
    <message>
      <source>Pixel size</source>
      <translation>Pixelgröße</translation>
    </message>
    <message>
      <source>Pixel size on the ground (m)</source>
      <translation>Pixelgröße am Boden (m)</translation>
    </message>
    <message>
      <source>Scaling</source>
      <translation>Skalierung</translation>
    </message>
    <message>
      <source>Warnings</source>
      <translation>Warnungen</translation>
    </message>
    <message>
      <source>Why</source>
      <translation>Warum</translation>
    </message>
    <message>
      <source>yes</source>
      <translation>ja</translation>
    </message>
    <message>
      <source>no</source>
      <translation>nein</translation>
    </message>
    <message>
      <source>Unknown sensor</source>
      <translation>Unbekannter Sensor</translation>
    </message>
    <message>
      <source>About {0}</source>
      <translation>Über {0}</translation>
    </message>
    <message>
      <source>Bands fed to the model</source>
      <translation>Bänder, die das Modell erhält</translation>
    </message>
    <message>
      <source>The file</source>
      <translation>Die Datei</translation>
    </message>
    <message>
      <source>Points, lines or polygons with a class, or a raster of class codes</source>
      <translation>Punkte, Linien oder Polygone mit einer Klasse, oder ein Raster aus Klassennummern</translation>
    </message>
    <message>
      <source>The field that holds the class. Plain words work best: solar panels, not SP.</source>
      <translation>Das Feld mit der Klasse. Klare Wörter wirken am besten: Solarmodule statt SM.</translation>
    </message>
    <message>
      <source>only for codes: 1=water; 2=trees</source>
      <translation>nur bei Nummern: 1=water; 2=trees</translation>
    </message>
    <message>
      <source>Images to train on; several sensors can serve together</source>
      <translation>Bilder zum Trainieren; mehrere Sensoren sind zusammen möglich</translation>
    </message>
    <message>
      <source>Images</source>
      <translation>Bilder</translation>
    </message>
    <message>
      <source>my-model</source>
      <translation>mein-modell</translation>
    </message>
    <message>
      <source>Largest number of training steps; it stops earlier where it no longer improves</source>
      <translation>Höchstzahl der Trainingsschritte; endet früher, wenn nichts mehr besser wird</translation>
    </message>
    <message>
      <source>&amp;Train</source>
      <translation>&amp;Trainieren</translation>
    </message>
    <message>
      <source>Train a model on the classes; seconds for one scene, minutes with a large model</source>
      <translation>Ein Modell mit den Klassen trainieren; Sekunden für eine Szene, Minuten mit einem großen Modell</translation>
    </message>
    <message>
      <source>&amp;Back to prompts</source>
      <translation>&amp;Zurück zu den Suchbegriffen</translation>
    </message>
    <message>
      <source>Starting the runtime…</source>
      <translation>Laufzeit startet…</translation>
    </message>
    <message>
      <source>Five small polygons per class are enough to begin with.</source>
      <translation>Fünf kleine Polygone je Klasse genügen für den Anfang.</translation>
    </message>
    <message>
      <source>&amp;Labels</source>
      <translation>&amp;Beispiele</translation>
    </message>
    <message>
      <source>Class na&amp;mes</source>
      <translation>Klassenna&amp;men</translation>
    </message>
    <message>
      <source>&amp;Images</source>
      <translation>&amp;Bilder</translation>
    </message>
    <message>
      <source>&amp;Name</source>
      <translation>&amp;Name</translation>
    </message>
    <message>
      <source>St&amp;eps at most</source>
      <translation>&amp;Höchstens Schritte</translation>
    </message>
    <message>
      <source>Choose a layer with labels.</source>
      <translation>Wählen Sie einen Layer mit Beispielen.</translation>
    </message>
    <message>
      <source>Select at least one image.</source>
      <translation>Mindestens ein Bild auswählen.</translation>
    </message>
    <message>
      <source>Cancelled.</source>
      <translation>Abgebrochen.</translation>
    </message>
    <message>
      <source>Train on your classes</source>
      <translation>Mit eigenen Klassen trainieren</translation>
    </message>
    <message>
      <source>{0} is trained ({1} s) and selected for the next prompts.</source>
      <translation>{0} ist trainiert ({1} s) und für die nächsten Suchbegriffe gewählt.</translation>
    </message>
    <message>
      <source>Classes of {0}</source>
      <translation>Klassen von {0}</translation>
    </message>
    <message>
      <source>At validation labels, before → after, in per cent</source>
      <translation>An Validierungsdaten, vorher → nachher, in Prozent</translation>
    </message>
    <message>
      <source>all</source>
      <translation>alle</translation>
    </message>
    <message>
      <source>Accuracy</source>
      <translation>Genauigkeit</translation>
    </message>
    <message>
      <source>Area by score. The line is the threshold, the dotted line the suggested threshold.</source>
      <translation>Fläche je Wert. Die Linie ist die Schwelle, die gepunktete Linie die vorgeschlagene Schwelle.</translation>
    </message>
    <message>
      <source>Score histogram</source>
      <translation>Histogramm der Werte</translation>
    </message>
    <message>
      <source>Ne&amp;w label layer…</source>
      <translation>&amp;Neuer Trainingslayer…</translation>
    </message>
    <message>
      <source>Make a polygon layer for labels, in a file of your own</source>
      <translation>Einen Polygonlayer für Trainingsflächen in einer eigenen Datei anlegen</translation>
    </message>
    <message>
      <source>new class, then Enter</source>
      <translation>neue Klasse, dann Enter</translation>
    </message>
    <message>
      <source>New class</source>
      <translation>Neue Klasse</translation>
    </message>
    <message>
      <source>Add the class</source>
      <translation>Klasse hinzufügen</translation>
    </message>
    <message>
      <source>New label layer</source>
      <translation>Neuer Trainingslayer</translation>
    </message>
    <message>
      <source>{0} cannot be written: {1}.</source>
      <translation>{0} kann nicht geschrieben werden: {1}.</translation>
    </message>
    <message>
      <source>Draw polygons of {0}</source>
      <translation>Polygone von {0} zeichnen</translation>
    </message>
    <message>
      <source>Classify all</source>
      <translation>Ganzes Bild</translation>
    </message>
    <message>
      <source>In view</source>
      <translation>Ausschnitt</translation>
    </message>
    <message>
      <source>{0} has no red, green and blue bands.</source>
      <translation>{0} hat keine roten, grünen und blauen Bänder.</translation>
    </message>
    <message>
      <source>Recognising sensor and bands…</source>
      <translation>Sensor und Bänder werden erkannt…</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
    <message>
      <source>Check accuracy…</source>
      <translation>Genauigkeit prüfen…</translation>
    </message>
    <message>
      <source>Classify land cover</source>
      <translation>Landbedeckung klassifizieren</translation>
    </message>
    <message>
      <source>Classify with…</source>
      <translation>Klassifizieren mit…</translation>
    </message>
    <message>
      <source>Highlight…</source>
      <translation>Hervorheben…</translation>
    </message>
    <message>
      <source>Explain this layer</source>
      <translation>Diesen Layer erklären</translation>
    </message>
    <message>
      <source>This layer is a result. Choose the image it was made from.</source>
      <translation>Dieser Layer ist ein Ergebnis. Wählen Sie das Bild, aus dem es entstand.</translation>
    </message>
    <message>
      <source>The plugin is incomplete: its class schemes are missing. Install it again.</source>
      <translation>Das Plugin ist unvollständig: die Klassenschemata fehlen. Installieren Sie es neu.</translation>
    </message>
    <message>
      <source>Areas…</source>
      <translation>Flächen…</translation>
    </message>
    <message>
      <source>Pictures from a server: red, green and blue</source>
      <translation>Bilder von einem Server: Rot, Grün und Blau</translation>
    </message>
    <message>
      <source>Classifying {0}…</source>
      <translation>{0} wird klassifiziert…</translation>
    </message>
    <message>
      <source>Classified in {0} s.</source>
      <translation>In {0} s klassifiziert.</translation>
    </message>
    <message>
      <source>Loss</source>
      <translation>Verlust</translation>
    </message>
    <message>
      <source>Blue: training loss. Orange: loss at validation labels; lower is better.</source>
      <translation>Blau: Trainingsverlust. Orange: Verlust an Validierungsdaten; niedriger ist besser.</translation>
    </message>
    <message>
      <source>Training loss appears here</source>
      <translation>Hier erscheint der Trainingsverlust</translation>
    </message>
    <message>
      <source>training</source>
      <translation>Training</translation>
    </message>
    <message>
      <source>validation</source>
      <translation>Validierung</translation>
    </message>
    <message>
      <source>The files of these results are gone: {0}.</source>
      <translation>Die Dateien dieser Ergebnisse fehlen: {0}.</translation>
    </message>
    <message>
      <source>Compute again</source>
      <translation>Neu berechnen</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Entfernen</translation>
    </message>
    <message>
      <source>not installed</source>
      <translation>nicht installiert</translation>
    </message>
    <message>
      <source>part of the plugin</source>
      <translation>Teil des Plugins</translation>
    </message>
    <message>
      <source>installed</source>
      <translation>installiert</translation>
    </message>
    <message>
      <source>Models</source>
      <translation>Modelle</translation>
    </message>
    <message>
      <source>&amp;Import…</source>
      <translation>&amp;Importieren…</translation>
    </message>
    <message>
      <source>Take a model from a file on this computer</source>
      <translation>Ein Modell aus einer Datei auf diesem Rechner übernehmen</translation>
    </message>
    <message>
      <source>&amp;Fetch</source>
      <translation>&amp;Herunterladen</translation>
    </message>
    <message>
      <source>Download a published model</source>
      <translation>Ein veröffentlichtes Modell herunterladen</translation>
    </message>
    <message>
      <source>&amp;Rename…</source>
      <translation>&amp;Umbenennen…</translation>
    </message>
    <message>
      <source>Give a model of your own another name</source>
      <translation>Einem eigenen Modell einen anderen Namen geben</translation>
    </message>
    <message>
      <source>&amp;Delete</source>
      <translation>&amp;Löschen</translation>
    </message>
    <message>
      <source>Delete a model of your own from this computer</source>
      <translation>Ein eigenes Modell von diesem Rechner löschen</translation>
    </message>
    <message>
      <source>Import a model</source>
      <translation>Ein Modell importieren</translation>
    </message>
    <message>
      <source>Rename a model</source>
      <translation>Ein Modell umbenennen</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>Modell</translation>
    </message>
    <message>
      <source>Licence</source>
      <translation>Lizenz</translation>
    </message>
    <message>
      <source>Size (MB)</source>
      <translation>Größe (MB)</translation>
    </message>
    <message>
      <source>State</source>
      <translation>Zustand</translation>
    </message>
    <message>
      <source>{0}

Download {1} MB and accept this licence?</source>
      <translation>{0}

{1} MB herunterladen und diese Lizenz annehmen?</translation>
    </message>
    <message>
      <source>not stated</source>
      <translation>nicht angegeben</translation>
    </message>
    <message>
      <source>Delete the model {0} from this computer?</source>
      <translation>Das Modell {0} von diesem Rechner löschen?</translation>
    </message>
    <message>
      <source>Smaller patches and holes are left out</source>
      <translation>Kleinere Flecken und Löcher fallen weg</translation>
    </message>
    <message>
      <source>Outlines may move by this much to save points; 0 keeps every step</source>
      <translation>So weit dürfen Umrisse abweichen, um Punkte zu sparen; 0 behält jede Stufe</translation>
    </message>
    <message>
      <source>S&amp;mooth outlines</source>
      <translation>Umrisse &amp;glätten</translation>
    </message>
    <message>
      <source>Right &amp;angles (buildings)</source>
      <translation>Rechte &amp;Winkel (Gebäude)</translation>
    </message>
    <message>
      <source>Every side follows one of two directions; neighbours keep their border</source>
      <translation>Jede Seite folgt einer von zwei Richtungen; Nachbarn behalten ihre gemeinsame Grenze</translation>
    </message>
    <message>
      <source>S&amp;eparate objects that touch</source>
      <translation>Objekte tr&amp;ennen, die sich berühren</translation>
    </message>
    <message>
      <source>Cuts where the scores or the widths of a polygon dip</source>
      <translation>Schneidet dort, wo die Werte oder die Breite eines Polygons abnehmen</translation>
    </message>
    <message>
      <source>[results folder]</source>
      <translation>[Ergebnisordner]</translation>
    </message>
    <message>
      <source>&amp;Least area</source>
      <translation>&amp;Mindestfläche</translation>
    </message>
    <message>
      <source>&amp;Simplify by</source>
      <translation>&amp;Vereinfachen um</translation>
    </message>
    <message>
      <source>Save to</source>
      <translation>Speichern in</translation>
    </message>
    <message>
      <source>&amp;Make polygons</source>
      <translation>Polygone &amp;erzeugen</translation>
    </message>
    <message>
      <source>Drawing outlines…</source>
      <translation>Umrisse werden gezeichnet…</translation>
    </message>
    <message>
      <source>Threshold</source>
      <translation>Schwelle</translation>
    </message>
    <message>
      <source>Nothing is left at this threshold and least area.</source>
      <translation>Bei dieser Schwelle und Mindestfläche bleibt nichts übrig.</translation>
    </message>
    <message>
      <source>{0} polygons in {1}.</source>
      <translation>{0} Polygone in {1}.</translation>
    </message>
    <message>
      <source>Polygons of {0}</source>
      <translation>Polygone von {0}</translation>
    </message>
    <message>
      <source>In the &amp;project's reference system ({0})</source>
      <translation>Im Bezugssystem des &amp;Projekts ({0})</translation>
    </message>
    <message>
      <source>{0} (polygons)</source>
      <translation>{0} (Polygone)</translation>
    </message>
    <message>
      <source>Another prompt: look for several things in one run, each in a layer of its own</source>
      <translation>Weiterer Begriff: mehrere Dinge in einem Lauf suchen, jedes in einem eigenen Layer</translation>
    </message>
    <message>
      <source>Another prompt</source>
      <translation>Weiterer Begriff</translation>
    </message>
    <message>
      <source>optional: shadow</source>
      <translation>z. B. Schatten</translation>
    </message>
    <message>
      <source>What looks similar but is not meant. Separate several with a semicolon.</source>
      <translation>Was ähnlich aussieht, aber nicht gemeint ist. Mehreres mit Semikolon trennen.</translation>
    </message>
    <message>
      <source>Exclude</source>
      <translation>Ausschließen</translation>
    </message>
    <message>
      <source>E&amp;xclude</source>
      <translation>Au&amp;sschließen</translation>
    </message>
    <message>
      <source>Colour of this prompt on the map</source>
      <translation>Farbe dieses Begriffs auf der Karte</translation>
    </message>
    <message>
      <source>such as: open water</source>
      <translation>z. B. Gewässer</translation>
    </message>
    <message>
      <source>What you look for, in English; common terms in German, French, Spanish and Portuguese are translated. Separate synonyms with |, as in: forest | woodland. Enter runs.</source>
      <translation>Was Sie suchen, auf Englisch; übliche Begriffe auf Deutsch, Französisch, Spanisch und Portugiesisch werden übersetzt. Synonyme mit | trennen, zum Beispiel: forest | woodland. Enter startet.</translation>
    </message>
    <message>
      <source>Prompt</source>
      <translation>Suchbegriff</translation>
    </message>
    <message>
      <source>Remove this prompt</source>
      <translation>Diesen Begriff entfernen</translation>
    </message>
    <message>
      <source>The prompt in English, as it runs</source>
      <translation>Der Suchbegriff auf Englisch, wie er verwendet wird</translation>
    </message>
    <message>
      <source>Sensor, bands and scaling</source>
      <translation>Sensor, Bänder und Skalierung</translation>
    </message>
    <message>
      <source>Detect automatically</source>
      <translation>Automatisch erkennen</translation>
    </message>
    <message>
      <source>Default of the sensor</source>
      <translation>Vorgabe des Sensors</translation>
    </message>
    <message>
      <source>Band numbers from 1, in the order the model gets them, as in 4, 3, 2 or 1-12</source>
      <translation>Bandnummern ab 1 in der Reihenfolge für das Modell, etwa 4, 3, 2 oder 1-12</translation>
    </message>
    <message>
      <source>Centre wavelength of each band in micrometres, as in 0.665, 0.56, 0.49</source>
      <translation>Mittlere Wellenlänge je Band in Mikrometern, etwa 0.665, 0.56, 0.49</translation>
    </message>
    <message>
      <source>A border of one exact colour is no data</source>
      <translation>Ein Rand in genau einer Farbe zählt nicht</translation>
    </message>
    <message>
      <source>Leaves out the black or white border around a picture, where it has one</source>
      <translation>Lässt den schwarzen oder weißen Rand um ein Bild weg, wo es einen hat</translation>
    </message>
    <message>
      <source>&amp;Sensor</source>
      <translation>&amp;Sensor</translation>
    </message>
    <message>
      <source>&amp;Bands</source>
      <translation>&amp;Bänder</translation>
    </message>
    <message>
      <source>&amp;Wavelengths (µm)</source>
      <translation>&amp;Wellenlängen (µm)</translation>
    </message>
    <message>
      <source>S&amp;caling</source>
      <translation>S&amp;kalierung</translation>
    </message>
    <message>
      <source>Wavelengths are numbers separated by commas, with a point for decimals.</source>
      <translation>Wellenlängen sind durch Kommas getrennte Zahlen mit Dezimalpunkt.</translation>
    </message>
    <message>
      <source>Bands are numbers from 1 separated by commas.</source>
      <translation>Bänder sind durch Kommas getrennte Zahlen ab 1.</translation>
    </message>
    <message>
      <source>The layer has bands 1 to {0}; {1} is not one of them.</source>
      <translation>Der Layer hat die Bänder 1 bis {0}; {1} gehört nicht dazu.</translation>
    </message>
    <message>
      <source>Give one wavelength a band: {0} of them.</source>
      <translation>Geben Sie je Band eine Wellenlänge an: {0} Stück.</translation>
    </message>
    <message>
      <source>Correct sensor, bands and scaling</source>
      <translation>Sensor, Bänder und Skalierung berichtigen</translation>
    </message>
    <message>
      <source>Supported sensor</source>
      <translation>Unterstützter Sensor</translation>
    </message>
    <message>
      <source>Unsupported sensor: check results</source>
      <translation>Nicht unterstützter Sensor: Ergebnisse prüfen</translation>
    </message>
    <message>
      <source>scaled as the file says</source>
      <translation>skaliert, wie die Datei sagt</translation>
    </message>
    <message>
      <source>Embeddings: click examples, or train on them</source>
      <translation>Einbettungen: Beispiele anklicken oder daran lernen lassen</translation>
    </message>
    <message>
      <source>set by you</source>
      <translation>von Ihnen gesetzt</translation>
    </message>
    <message>
      <source>No pixel has a score: there is no data here.</source>
      <translation>Kein Pixel hat einen Wert: hier sind keine Daten.</translation>
    </message>
    <message>
      <source>Result</source>
      <translation>Ergebnis</translation>
    </message>
    <message>
      <source>Result layer</source>
      <translation>Ergebnislayer</translation>
    </message>
    <message>
      <source>Pixels below this score are transparent. Moves the style alone, nothing is computed again.</source>
      <translation>Pixel unter diesem Wert sind durchsichtig. Ändert nur die Darstellung, nichts wird neu berechnet.</translation>
    </message>
    <message>
      <source>Colour of this result</source>
      <translation>Farbe dieses Ergebnisses</translation>
    </message>
    <message>
      <source>Auto</source>
      <translation>Auto</translation>
    </message>
    <message>
      <source>Use the threshold that splits the scores into two groups</source>
      <translation>Die Schwelle verwenden, die die Werte in zwei Gruppen teilt</translation>
    </message>
    <message>
      <source>Automatic threshold</source>
      <translation>Automatische Schwelle</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Rückgängig</translation>
    </message>
    <message>
      <source>Show the answer before this one; the arrow lists all earlier answers</source>
      <translation>Das vorherige Ergebnis zeigen; der Pfeil listet alle früheren auf</translation>
    </message>
    <message>
      <source>Earlier answers</source>
      <translation>Frühere Ergebnisse</translation>
    </message>
    <message>
      <source>&amp;Compute again</source>
      <translation>Neu bere&amp;chnen</translation>
    </message>
    <message>
      <source>The file of this result is missing; its prompt is still known</source>
      <translation>Die Datei dieses Ergebnisses fehlt; der Suchbegriff ist noch bekannt</translation>
    </message>
    <message>
      <source>Threshold as a number</source>
      <translation>Schwelle als Zahl</translation>
    </message>
    <message>
      <source>Opacity</source>
      <translation>Deckkraft</translation>
    </message>
    <message>
      <source>Suggested words</source>
      <translation>Vorgeschlagene Wörter</translation>
    </message>
    <message>
      <source>Sho&amp;wn</source>
      <translation>Ge&amp;zeigt</translation>
    </message>
    <message>
      <source>&amp;Threshold</source>
      <translation>Sch&amp;welle</translation>
    </message>
    <message>
      <source>&amp;Opacity</source>
      <translation>&amp;Deckkraft</translation>
    </message>
    <message>
      <source>{0} above the threshold ({1} % of {2})</source>
      <translation>{0} über der Schwelle ({1} % von {2})</translation>
    </message>
    <message>
      <source>&amp;Save as…</source>
      <translation>&amp;Speichern als…</translation>
    </message>
    <message>
      <source>Keep the scores as a GeoTIFF</source>
      <translation>Die Werte als GeoTIFF behalten</translation>
    </message>
    <message>
      <source>&amp;Polygons…</source>
      <translation>&amp;Polygone…</translation>
    </message>
    <message>
      <source>Outline what is above the threshold</source>
      <translation>Umreißen, was über der Schwelle liegt</translation>
    </message>
    <message>
      <source>S&amp;tatistics…</source>
      <translation>S&amp;tatistik…</translation>
    </message>
    <message>
      <source>Areas above the threshold</source>
      <translation>Flächen über der Schwelle</translation>
    </message>
    <message>
      <source>Preview at low resolution; areas follow with the result.</source>
      <translation>Vorschau in grober Auflösung; Flächen folgen mit dem Ergebnis.</translation>
    </message>
    <message>
      <source>Nothing reaches the threshold; the highest score is {0}. Lower it, or try other words.</source>
      <translation>Nichts erreicht die Schwelle; der höchste Wert ist {0}. Senken Sie sie, oder versuchen Sie andere englische Wörter.</translation>
    </message>
    <message>
      <source>{0} % of the pixels are above the threshold</source>
      <translation>{0} % der Pixel liegen über der Schwelle</translation>
    </message>
    <message>
      <source>The file of this result is missing.</source>
      <translation>Die Datei dieses Ergebnisses fehlt.</translation>
    </message>
    <message>
      <source>Counting areas…</source>
      <translation>Flächen werden gezählt…</translation>
    </message>
    <message>
      <source>Results</source>
      <translation>Ergebnisse</translation>
    </message>
    <message>
      <source>[beside each project]</source>
      <translation>[neben jedem Projekt]</translation>
    </message>
    <message>
      <source>Folder for new results; empty for one beside each project</source>
      <translation>Ordner für neue Ergebnisse; leer für einen neben jedem Projekt</translation>
    </message>
    <message>
      <source>&amp;Results folder</source>
      <translation>E&amp;rgebnisordner</translation>
    </message>
    <message>
      <source>&amp;Keep all results</source>
      <translation>Alle Ergebnisse be&amp;halten</translation>
    </message>
    <message>
      <source>Also keep results of projects that are closed without being saved</source>
      <translation>Auch Ergebnisse von Projekten behalten, die ungespeichert geschlossen werden</translation>
    </message>
    <message>
      <source>almost done</source>
      <translation>gleich fertig</translation>
    </message>
    <message>
      <source>&amp;Run</source>
      <translation>&amp;Starten</translation>
    </message>
    <message>
      <source>Find the pixels that match the prompts (Enter)</source>
      <translation>Die Pixel finden, die zu den Suchbegriffen passen (Eingabetaste)</translation>
    </message>
    <message>
      <source>&amp;Cancel</source>
      <translation>&amp;Abbrechen</translation>
    </message>
    <message>
      <source>{0} h left</source>
      <translation>noch {0} h</translation>
    </message>
    <message>
      <source>{0} s left</source>
      <translation>noch {0} s</translation>
    </message>
    <message>
      <source>{0} min left</source>
      <translation>noch {0} min</translation>
    </message>
    <message>
      <source>Looking…</source>
      <translation>Suche läuft…</translation>
    </message>
    <message>
      <source>Done in {0} s.</source>
      <translation>Fertig in {0} s.</translation>
    </message>
    <message>
      <source>{0} megapixels</source>
      <translation>{0} Megapixel</translation>
    </message>
    <message>
      <source>Large area: {0}, about {1}.</source>
      <translation>Groß: {0}, etwa {1}.</translation>
    </message>
    <message>
      <source>{0} h</source>
      <translation>{0} h</translation>
    </message>
    <message>
      <source>Large area: {0}. A coarse answer comes first, then the time that is left.</source>
      <translation>Große Fläche: {0}. Zuerst kommt eine grobe Antwort, dann die Restzeit.</translation>
    </message>
    <message>
      <source>Large area: {0}, time unknown.</source>
      <translation>Groß: {0}, Dauer unbekannt.</translation>
    </message>
    <message>
      <source>Large area: {0}, less than a minute.</source>
      <translation>Groß: {0}, unter einer Minute.</translation>
    </message>
    <message>
      <source>Large area: {0}, about {1}; a coarse answer comes first.</source>
      <translation>Große Fläche: {0}, etwa {1}; eine grobe Antwort kommt zuerst.</translation>
    </message>
    <message>
      <source>{0} min</source>
      <translation>{0} min</translation>
    </message>
    <message>
      <source>Save the raster as</source>
      <translation>Raster speichern als</translation>
    </message>
    <message>
      <source>GeoTIFF (*.tif)</source>
      <translation>GeoTIFF (*.tif)</translation>
    </message>
    <message>
      <source>Saved as {0}.</source>
      <translation>Gespeichert als {0}.</translation>
    </message>
    <message>
      <source>Saving {0}…</source>
      <translation>{0} wird gespeichert …</translation>
    </message>
    <message>
      <source>Own classes</source>
      <translation>Eigene Klassen</translation>
    </message>
    <message>
      <source>Scheme</source>
      <translation>Schema</translation>
    </message>
    <message>
      <source>Keep these classes under a name, for later</source>
      <translation>Diese Klassen unter einem Namen für später behalten</translation>
    </message>
    <message>
      <source>Remove this scheme of your own</source>
      <translation>Dieses eigene Schema entfernen</translation>
    </message>
    <message>
      <source>&amp;Visible extent only</source>
      <translation>Nur &amp;sichtbarer Ausschnitt</translation>
    </message>
    <message>
      <source>Add &amp;confidence layer</source>
      <translation>&amp;Konfidenz-Layer hinzufügen</translation>
    </message>
    <message>
      <source>S&amp;cheme</source>
      <translation>S&amp;chema</translation>
    </message>
    <message>
      <source>&amp;Classify</source>
      <translation>&amp;Klassifizieren</translation>
    </message>
    <message>
      <source>Keep the scheme</source>
      <translation>Schema behalten</translation>
    </message>
    <message>
      <source>Import a class scheme</source>
      <translation>Ein Klassenschema einlesen</translation>
    </message>
    <message>
      <source>Export the class scheme</source>
      <translation>Das Klassenschema ausgeben</translation>
    </message>
    <message>
      <source>Colour</source>
      <translation>Farbe</translation>
    </message>
    <message>
      <source>Code</source>
      <translation>Code</translation>
    </message>
    <message>
      <source>Prompts (separate with ;)</source>
      <translation>Suchbegriffe (mit ; trennen)</translation>
    </message>
    <message>
      <source>&amp;Export…</source>
      <translation>&amp;Ausgeben…</translation>
    </message>
    <message>
      <source>&amp;Add class</source>
      <translation>Klasse &amp;hinzufügen</translation>
    </message>
    <message>
      <source>&amp;Remove class</source>
      <translation>Klasse &amp;entfernen</translation>
    </message>
    <message>
      <source>Classify {0}</source>
      <translation>{0} klassifizieren</translation>
    </message>
    <message>
      <source>The code of “{0}” is not a whole number.</source>
      <translation>Der Code von „{0}“ ist keine ganze Zahl.</translation>
    </message>
    <message>
      <source>Raster layer</source>
      <translation>Rasterlayer</translation>
    </message>
    <message>
      <source>Show the layer in natural colours (its red, green and blue bands)</source>
      <translation>Layer in natürlichen Farben zeigen (rote, grüne und blaue Bänder)</translation>
    </message>
    <message>
      <source>Natural colours</source>
      <translation>Natürliche Farben</translation>
    </message>
    <message>
      <source>Open the &amp;sample scene</source>
      <translation>&amp;Beispielszene öffnen</translation>
    </message>
    <message>
      <source>Add a simulated Sentinel-2 scene to try GeoLangBind on</source>
      <translation>Eine simulierte Sentinel-2-Szene hinzufügen, um GeoLangBind auszuprobieren</translation>
    </message>
    <message>
      <source>Pixel size at which QGIS fetches this layer</source>
      <translation>Pixelgröße, mit der QGIS diesen Layer holt</translation>
    </message>
    <message>
      <source>The model that compares words and pixels</source>
      <translation>Das Modell, das Wörter und Pixel vergleicht</translation>
    </message>
    <message>
      <source>Models: list, import, fetch, rename, delete, licences</source>
      <translation>Modelle: auflisten, importieren, herunterladen, umbenennen, löschen, Lizenzen</translation>
    </message>
    <message>
      <source>like the examples</source>
      <translation>wie die Beispiele</translation>
    </message>
    <message>
      <source>Pixel si&amp;ze</source>
      <translation>Pixel&amp;größe</translation>
    </message>
    <message>
      <source>&amp;Layer</source>
      <translation>&amp;Layer</translation>
    </message>
    <message>
      <source>&amp;Find</source>
      <translation>&amp;Suchen</translation>
    </message>
    <message>
      <source>Exa&amp;mples</source>
      <translation>&amp;Beispiele</translation>
    </message>
    <message>
      <source>Ar&amp;ea</source>
      <translation>Be&amp;reich</translation>
    </message>
    <message>
      <source>M&amp;odel</source>
      <translation>&amp;Modell</translation>
    </message>
    <message>
      <source>Type what to look for.</source>
      <translation>Geben Sie ein, was gesucht wird.</translation>
    </message>
    <message>
      <source>Click a place of what you look for as well.</source>
      <translation>Auch eine Stelle anklicken, die zeigt, was gesucht wird.</translation>
    </message>
    <message>
      <source>Choose a raster layer.</source>
      <translation>Wählen Sie einen Rasterlayer.</translation>
    </message>
    <message>
      <source>Add a raster layer, or try the sample scene.</source>
      <translation>Rasterlayer hinzufügen oder die Beispielszene öffnen.</translation>
    </message>
    <message>
      <source>{0}, like the examples</source>
      <translation>{0}, wie die Beispiele</translation>
    </message>
    <message>
      <source>Folder of the environment</source>
      <translation>Ordner der Umgebung</translation>
    </message>
    <message>
      <source>Only for installation without a network</source>
      <translation>Nur für die Installation ohne Netz</translation>
    </message>
    <message>
      <source>Interpreter of an environment you made yourself</source>
      <translation>Interpreter einer selbst angelegten Umgebung</translation>
    </message>
    <message>
      <source>&amp;Set up GeoLangBind (once)</source>
      <translation>GeoLangBind &amp;einrichten (einmalig)</translation>
    </message>
    <message>
      <source>S&amp;tart</source>
      <translation>S&amp;tarten</translation>
    </message>
    <message>
      <source>Go to the prompts; one that waited for the set-up runs at once</source>
      <translation>Zu den Suchbegriffen; einer, der auf die Einrichtung gewartet hat, läuft sofort</translation>
    </message>
    <message>
      <source>R&amp;epair</source>
      <translation>&amp;Reparieren</translation>
    </message>
    <message>
      <source>Make the environment again from nothing</source>
      <translation>Die Umgebung von Grund auf neu anlegen</translation>
    </message>
    <message>
      <source>Remo&amp;ve</source>
      <translation>Ent&amp;fernen</translation>
    </message>
    <message>
      <source>Delete the environment</source>
      <translation>Die Umgebung löschen</translation>
    </message>
    <message>
      <source>&amp;Use it</source>
      <translation>&amp;Verwenden</translation>
    </message>
    <message>
      <source>Check that Python, and use it as it is</source>
      <translation>Dieses Python prüfen und unverändert verwenden</translation>
    </message>
    <message>
      <source>Copy &amp;diagnostics</source>
      <translation>&amp;Diagnose kopieren</translation>
    </message>
    <message>
      <source>Versions, device and last errors as text for a bug report; no private data</source>
      <translation>Versionen, Gerät und letzte Fehler als Text für einen Fehlerbericht; nichts Privates</translation>
    </message>
    <message>
      <source>Looking at this computer…</source>
      <translation>Der Rechner wird untersucht…</translation>
    </message>
    <message>
      <source>Set up the GeoLangBind runtime</source>
      <translation>GeoLangBind-Laufzeit einrichten</translation>
    </message>
    <message>
      <source>De&amp;vice</source>
      <translation>&amp;Gerät</translation>
    </message>
    <message>
      <source>Other ways to set up</source>
      <translation>Andere Wege der Einrichtung</translation>
    </message>
    <message>
      <source>Log</source>
      <translation>Protokoll</translation>
    </message>
    <message>
      <source>Remove the GeoLangBind runtime</source>
      <translation>GeoLangBind-Laufzeit entfernen</translation>
    </message>
    <message>
      <source>Check an environment</source>
      <translation>Eine Umgebung prüfen</translation>
    </message>
    <message>
      <source>Diagnostics are in the clipboard.</source>
      <translation>Die Diagnose ist in der Zwischenablage.</translation>
    </message>
    <message>
      <source>Choose for me</source>
      <translation>Automatisch</translation>
    </message>
    <message>
      <source>Processor (CPU)</source>
      <translation>Prozessor (CPU)</translation>
    </message>
    <message>
      <source>NVIDIA graphics card (CUDA)</source>
      <translation>NVIDIA-Grafikkarte (CUDA)</translation>
    </message>
    <message>
      <source>Stopping…</source>
      <translation>Wird angehalten…</translation>
    </message>
    <message>
      <source>Put the environment into</source>
      <translation>Umgebung ablegen in</translation>
    </message>
    <message>
      <source>Install from a bundle or a folder of wheels</source>
      <translation>Aus einem Bündel oder einem Ordner mit Wheels installieren</translation>
    </message>
    <message>
      <source>Use a Python environment you have</source>
      <translation>Eine vorhandene Python-Umgebung verwenden</translation>
    </message>
    <message>
      <source>Stopped.</source>
      <translation>Angehalten.</translation>
    </message>
    <message>
      <source>Remove the runtime in {0}? It can be set up again at any time.</source>
      <translation>Die Laufzeit in {0} entfernen? Sie kann jederzeit neu eingerichtet werden.</translation>
    </message>
    <message>
      <source>Choose the Python of an environment first.</source>
      <translation>Wählen Sie zuerst das Python einer Umgebung.</translation>
    </message>
    <message>
      <source>It is your own environment.</source>
      <translation>Es ist Ihre eigene Umgebung.</translation>
    </message>
    <message>
      <source>The model runs in a Python environment of its own, apart from QGIS. It is made once; afterwards everything works without a network.</source>
      <translation>Das Modell läuft in einer eigenen Python-Umgebung, getrennt von QGIS. Sie wird einmal angelegt; danach geht alles ohne Netz.</translation>
    </message>
    <message>
      <source>The runtime is ready.</source>
      <translation>Die Laufzeit ist bereit.</translation>
    </message>
    <message>
      <source>It uses {0}.</source>
      <translation>Sie verwendet {0}.</translation>
    </message>
    <message>
      <source>Set up GeoLangBind (once)</source>
      <translation>GeoLangBind einrichten (einmalig)</translation>
    </message>
    <message>
      <source>Python {0}, torch {1}, computes on {2}.</source>
      <translation>Python {0}, torch {1}, rechnet auf {2}.</translation>
    </message>
    <message>
      <source>Searched (ha)</source>
      <translation>Durchsucht (ha)</translation>
    </message>
    <message>
      <source>Help</source>
      <translation>Hilfe</translation>
    </message>
    <message>
      <source>Train</source>
      <translation>Trainieren</translation>
    </message>
    <message>
      <source>Runtime: set-up, device, diagnostics</source>
      <translation>Laufzeit: Einrichtung, Gerät, Diagnose</translation>
    </message>
    <message>
      <source>Runtime</source>
      <translation>Laufzeit</translation>
    </message>
    <message>
      <source>Computes on: {0}</source>
      <translation>Rechnet auf: {0}</translation>
    </message>
    <message>
      <source>No word of similar meaning is found here either.</source>
      <translation>Auch ähnliche Wörter werden hier nicht gefunden.</translation>
    </message>
    <message>
      <source>Found here: {0}</source>
      <translation>Hier gefunden: {0}</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
    <message>
      <source>Back</source>
      <translation>Zurück</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>Weiter</translation>
    </message>
    <message>
      <source>Step {0} of {1}</source>
      <translation>Schritt {0} von {1}</translation>
    </message>
    <message>
      <source>Done</source>
      <translation>Fertig</translation>
    </message>
    <message>
      <source>points of {0}</source>
      <translation>Punkte von {0}</translation>
    </message>
    <message>
      <source>Points to label: {0}</source>
      <translation>Zu bestimmende Punkte: {0}</translation>
    </message>
    <message>
      <source>whole layer</source>
      <translation>ganzer Layer</translation>
    </message>
    <message>
      <source>Image</source>
      <translation>Bild</translation>
    </message>
    <message>
      <source>Date</source>
      <translation>Datum</translation>
    </message>
    <message>
      <source> (without {0})</source>
      <translation> (ohne {0})</translation>
    </message>
    <message>
      <source>lost</source>
      <translation>verloren</translation>
    </message>
    <message>
      <source>gained</source>
      <translation>gewonnen</translation>
    </message>
    <message>
      <source>This layer has complex numbers, which have no picture. Convert it to amplitude first.</source>
      <translation>Dieser Layer enthält komplexe Zahlen, die kein Bild ergeben. Bitte zuerst in Amplituden umrechnen.</translation>
    </message>
    <message>
      <source>The server gave no picture of this area. Check the connection, or move to another place.</source>
      <translation>Der Server hat für dieses Gebiet kein Bild geliefert. Bitte die Verbindung prüfen oder an einen anderen Ort gehen.</translation>
    </message>
    <message>
      <source>{0} cannot be written. Check the free space and rights of its folder.</source>
      <translation>{0} kann nicht geschrieben werden. Bitte freien Platz und Rechte des Ordners prüfen.</translation>
    </message>
    <message>
      <source>{0} cannot be written. Check the free space of its disk.</source>
      <translation>{0} kann nicht geschrieben werden. Bitte den freien Platz der Festplatte prüfen.</translation>
    </message>
    <message>
      <source>The resolution and the area must be greater than zero.</source>
      <translation>Auflösung und Fläche müssen größer als null sein.</translation>
    </message>
    <message>
      <source>The chosen area has {0} × {1} pixels at this resolution. Choose a smaller area or larger pixels.</source>
      <translation>Der gewählte Bereich hat bei dieser Auflösung {0} × {1} Pixel. Wählen Sie einen kleineren Bereich oder größere Pixel.</translation>
    </message>
    <message>
      <source>The chosen area does not touch the layer.</source>
      <translation>Das gewählte Gebiet berührt den Layer nicht.</translation>
    </message>
    <message>
      <source>This part of the map cannot be expressed in {0}.</source>
      <translation>Dieser Teil der Karte lässt sich nicht in {0} ausdrücken.</translation>
    </message>
    <message>
      <source>it refuses connections</source>
      <translation>er lehnt Verbindungen ab</translation>
    </message>
    <message>
      <source>it closed the connection</source>
      <translation>er hat die Verbindung geschlossen</translation>
    </message>
    <message>
      <source>its name is not known</source>
      <translation>sein Name ist nicht bekannt</translation>
    </message>
    <message>
      <source>it did not answer in time</source>
      <translation>er hat nicht rechtzeitig geantwortet</translation>
    </message>
    <message>
      <source>no secure connection to it can be made</source>
      <translation>keine sichere Verbindung zu ihm möglich</translation>
    </message>
    <message>
      <source>the network was interrupted</source>
      <translation>das Netz war unterbrochen</translation>
    </message>
    <message>
      <source>the proxy wants a password</source>
      <translation>der Proxy verlangt ein Passwort</translation>
    </message>
    <message>
      <source>it answered with an error</source>
      <translation>er hat mit einem Fehler geantwortet</translation>
    </message>
    <message>
      <source>The server of {0} failed in part ({1}); those places have no result.</source>
      <translation>Der Server von {0} hat teilweise versagt ({1}); diese Stellen haben kein Ergebnis.</translation>
    </message>
    <message>
      <source>Names of classes are written as in 1=water; 2=trees.</source>
      <translation>Namen von Klassen werden so geschrieben: 1=water; 2=trees.</translation>
    </message>
    <message>
      <source>{0} is a table without geometries.</source>
      <translation>{0} ist eine Tabelle ohne Geometrien.</translation>
    </message>
    <message>
      <source>Choose the field of {0} that holds the class.</source>
      <translation>Wählen Sie das Feld von {0}, das die Klasse enthält.</translation>
    </message>
    <message>
      <source>{0} cannot be read.</source>
      <translation>{0} kann nicht gelesen werden.</translation>
    </message>
    <message>
      <source>The result could not be cut to the polygons.</source>
      <translation>Das Ergebnis konnte nicht auf die Polygone zugeschnitten werden.</translation>
    </message>
    <message>
      <source>Score</source>
      <translation>Wert</translation>
    </message>
    <message>
      <source>Read directly from its file.</source>
      <translation>Direkt aus der Datei gelesen.</translation>
    </message>
    <message>
      <source>QGIS fetches the pixels of this layer at the resolution you choose.</source>
      <translation>QGIS ruft die Pixel dieses Layers in der gewählten Auflösung ab.</translation>
    </message>
    <message>
      <source>This raster lives in QGIS's memory; QGIS copies it.</source>
      <translation>Dieses Raster liegt im Speicher von QGIS; QGIS kopiert es.</translation>
    </message>
    <message>
      <source>This raster lives in a database; QGIS copies it.</source>
      <translation>Dieses Raster liegt in einer Datenbank; QGIS kopiert es.</translation>
    </message>
    <message>
      <source>Only QGIS has the driver for this format; QGIS copies it.</source>
      <translation>Nur QGIS hat den Treiber für dieses Format; QGIS kopiert es.</translation>
    </message>
    <message>
      <source>This source needs QGIS's stored login; QGIS copies it.</source>
      <translation>Diese Quelle braucht die in QGIS hinterlegte Anmeldung; QGIS kopiert sie.</translation>
    </message>
    <message>
      <source>This raster is opened with options of its own; QGIS copies it.</source>
      <translation>Dieses Raster wird mit eigenen Optionen geöffnet; QGIS kopiert es.</translation>
    </message>
    <message>
      <source>Layers of the kind {0} have no pixels to read.</source>
      <translation>Layer der Art {0} haben keine lesbaren Pixel.</translation>
    </message>
    <message>
      <source>{0} is not a raster layer.</source>
      <translation>{0} ist kein Rasterlayer.</translation>
    </message>
    <message>
      <source>{0} cannot be opened: its source is missing.</source>
      <translation>{0} kann nicht geöffnet werden: die Quelle fehlt.</translation>
    </message>
    <message>
      <source>QGIS copies the pixels of this layer ({0}).</source>
      <translation>QGIS kopiert die Pixel dieses Layers ({0}).</translation>
    </message>
    <message>
      <source>The model was not trained on this kind of image: it works from the wavelengths alone. Check results.</source>
      <translation>Das Modell wurde nicht mit solchen Bildern trainiert: Es rechnet allein mit den Wellenlängen. Ergebnisse prüfen.</translation>
    </message>
    <message>
      <source>The model was trained on this kind of image.</source>
      <translation>Das Modell wurde mit solchen Bildern trainiert.</translation>
    </message>
    <message>
      <source>{0} bands ({1}–{2})</source>
      <translation>{0} Bänder ({1}–{2})</translation>
    </message>
    <message>
      <source>Sample scene</source>
      <translation>Beispielszene</translation>
    </message>
    <message>
      <source>The plugin is incomplete: its sample scene is missing. Install it again.</source>
      <translation>Die Erweiterung ist unvollständig: Ihre Beispielszene fehlt. Installieren Sie sie neu.</translation>
    </message>
    <message>
      <source>Show or hide the GeoLangBind dock</source>
      <translation>Das GeoLangBind-Bedienfeld zeigen oder verbergen</translation>
    </message>
    <message>
      <source>Open the sample scene</source>
      <translation>Beispielszene öffnen</translation>
    </message>
    <message>
      <source>Models…</source>
      <translation>Modelle…</translation>
    </message>
    <message>
      <source>Show the tour</source>
      <translation>Rundgang zeigen</translation>
    </message>
    <message>
      <source>Accuracy of a class map</source>
      <translation>Genauigkeit einer Klassenkarte</translation>
    </message>
    <message>
      <source>Compares a class map with a reference: confusion matrix, accuracies per class, and areas.</source>
      <translation>Vergleicht eine Klassenkarte mit einer Referenz: Konfusionsmatrix, Genauigkeit je Klasse und Flächen.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Compares a class map with a reference, pixel by pixel. The reference is a raster of class codes, or a vector layer with a field of class codes or names; it need not cover the whole map nor share its coordinate reference system.&lt;/p&gt;&lt;p&gt;Gives overall accuracy, Cohen's kappa and mean intersection over union as numbers, and a report (HTML) with the confusion matrix and user's and producer's accuracy per class.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Vergleicht eine Klassenkarte Pixel für Pixel mit einer Referenz. Die Referenz ist ein Raster mit Klassencodes, oder ein Vektorlayer mit einem Feld für Codes oder Namen; sie muss weder die ganze Karte decken noch deren Koordinatenbezugssystem haben.&lt;/p&gt;&lt;p&gt;Ergibt Gesamtgenauigkeit, Cohens Kappa und mittlere IoU als Zahlen, und einen Bericht (HTML) mit der Konfusionsmatrix sowie Nutzer- und Produzentengenauigkeit je Klasse.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Class map</source>
      <translation>Klassenkarte</translation>
    </message>
    <message>
      <source>Reference (raster or vector)</source>
      <translation>Referenz (Raster oder Vektor)</translation>
    </message>
    <message>
      <source>Report</source>
      <translation>Bericht</translation>
    </message>
    <message>
      <source>Cohen's kappa</source>
      <translation>Cohens Kappa</translation>
    </message>
    <message>
      <source>Mean intersection over union</source>
      <translation>Mittlere IoU</translation>
    </message>
    <message>
      <source>{0}: threshold {1}, from {2} places; F1 {3} at 0.5, {4} on places held out</source>
      <translation>{0}: Schwelle {1}, aus {2} Orten; F1 {3} bei 0,5, {4} an zurückgehaltenen Orten</translation>
    </message>
    <message>
      <source>Thresholds (JSON)</source>
      <translation>Schwellen (JSON)</translation>
    </message>
    <message>
      <source>Thresholds from labelled places</source>
      <translation>Schwellen aus beschrifteten Orten</translation>
    </message>
    <message>
      <source>Chooses the best threshold of each prompt or class from a few places that you labelled.</source>
      <translation>Wählt die beste Schwelle jeder Anfrage oder Klasse aus wenigen Orten, die Sie beschriftet haben.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Chooses, for each band of a score raster, the threshold that tells best what is of the class and what is not (highest F1) at the places you labelled. The scores come from &lt;b&gt;Highlight what words describe&lt;/b&gt;, or from &lt;b&gt;Classify land cover&lt;/b&gt; with &lt;i&gt;Scores per class&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;Places are points, lines or polygons; their field says the class in the words of the prompt, or &lt;i&gt;yes&lt;/i&gt; and &lt;i&gt;no&lt;/i&gt; for a single prompt. Places are held out to see whether the new threshold is really better; where it is not, 0.5 stays.&lt;/p&gt;&lt;p&gt;The log shows the thresholds; on request they are written to a file (JSON), and a class map is made by them.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Wählt für jedes Band eines Wertungsrasters die Schwelle, die an den beschrifteten Orten am besten trennt, was zur Klasse gehört und was nicht (höchstes F1). Die Wertungen stammen aus &lt;b&gt;Hervorheben, was Worte beschreiben&lt;/b&gt; oder aus &lt;b&gt;Landbedeckung klassifizieren&lt;/b&gt; mit &lt;i&gt;Wertungen je Klasse&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;Orte sind Punkte, Linien oder Polygone; ihr Feld nennt die Klasse in den Worten der Anfrage, oder &lt;i&gt;ja&lt;/i&gt; und &lt;i&gt;nein&lt;/i&gt; bei einer einzigen Anfrage. Orte werden zurückgehalten, um zu sehen, ob die neue Schwelle wirklich besser ist; wo nicht, bleibt 0,5.&lt;/p&gt;&lt;p&gt;Das Protokoll zeigt die Schwellen; auf Wunsch kommen sie in eine Datei (JSON), und eine Klassenkarte wird danach gemacht.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Scores</source>
      <translation>Werte</translation>
    </message>
    <message>
      <source>Labelled places</source>
      <translation>Beschriftete Orte</translation>
    </message>
    <message>
      <source>Class map by these thresholds</source>
      <translation>Klassenkarte nach diesen Schwellen</translation>
    </message>
    <message>
      <source>Thresholds, as in water=0.42; forest=0.5</source>
      <translation>Schwellen, wie in water=0.42; forest=0.5</translation>
    </message>
    <message>
      <source>If images are misaligned (check: refuse them)</source>
      <translation>Wenn Bilder versetzt sind (check: ablehnen)</translation>
    </message>
    <message>
      <source>Areas (CSV)</source>
      <translation>Flächen (CSV)</translation>
    </message>
    <message>
      <source>{0}: gained {1} ha, lost {2} ha</source>
      <translation>{0}: {1} ha gewonnen, {2} ha verloren</translation>
    </message>
    <message>
      <source>Changed (1 - cosine above {0}): {1} ha</source>
      <translation>Verändert (1 - Kosinus über {0}): {1} ha</translation>
    </message>
    <message>
      <source>Change</source>
      <translation>Veränderung</translation>
    </message>
    <message>
      <source>Change between two dates</source>
      <translation>Veränderung zwischen zwei Terminen</translation>
    </message>
    <message>
      <source>Shows where words came to be true or ceased to be, or which class became which.</source>
      <translation>Zeigt, wo Begriffe zutreffend wurden oder es nicht mehr sind, oder welche Klasse zu welcher wurde.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Compares two dates of one place. They may come from different sensors, grids and reference systems; the result lies on the pixels of the first.&lt;/p&gt;&lt;p&gt;With &lt;b&gt;prompts&lt;/b&gt; (separated by a semicolon) the result has three bands a prompt: the change of the score from -1 to 1, the score before and the score after. With &lt;b&gt;classes&lt;/b&gt; (a scheme, a scheme file or a list) it says which class became which, with a legend, and a table of areas.&lt;/p&gt;&lt;p&gt;Two years of &lt;b&gt;embeddings&lt;/b&gt; (AlphaEarth, TESSERA) need neither: the result is 1 - cosine of the angle between both vectors of a pixel, 0 where nothing changed. With a model that was trained on them it says which of its classes became which.&lt;/p&gt;&lt;p&gt;First it is measured whether both dates lie on each other. Dates more than two pixels apart are refused, for every edge would pass for change; let the shift be undone, or ignored.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Vergleicht zwei Zeitpunkte eines Ortes. Sie dürfen von verschiedenen Sensoren, Gittern und Bezugssystemen stammen; das Ergebnis liegt auf den Pixeln des ersten.&lt;/p&gt;&lt;p&gt;Mit &lt;b&gt;Prompts&lt;/b&gt; (durch Semikolon getrennt) hat das Ergebnis drei Bänder je Prompt: die Veränderung des Wertes von -1 bis 1, den Wert vorher und den Wert nachher. Mit &lt;b&gt;Klassen&lt;/b&gt; (ein Schema, eine Schemadatei oder eine Liste) sagt es, welche Klasse zu welcher wurde, mit Legende und einer Tabelle der Flächen.&lt;/p&gt;&lt;p&gt;Zwei Jahre &lt;b&gt;Einbettungen&lt;/b&gt; (AlphaEarth, TESSERA) brauchen weder das eine noch das andere: das Ergebnis ist 1 - Kosinus des Winkels zwischen beiden Vektoren eines Pixels, 0 wo sich nichts verändert hat. Mit einem Modell, das an ihnen gelernt hat, sagt es, welche seiner Klassen zu welcher wurde.&lt;/p&gt;&lt;p&gt;Zuerst wird gemessen, ob beide Zeitpunkte aufeinander liegen. Liegen sie mehr als zwei Pixel auseinander, werden sie abgelehnt, denn jede Kante ginge als Veränderung durch; man kann den Versatz aufheben oder übergehen lassen.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>First date</source>
      <translation>Erster Zeitpunkt</translation>
    </message>
    <message>
      <source>Second date</source>
      <translation>Zweiter Zeitpunkt</translation>
    </message>
    <message>
      <source>Or classes</source>
      <translation>Oder Klassen</translation>
    </message>
    <message>
      <source>Exclude (separate with ;)</source>
      <translation>Ausschließen (mit ; trennen)</translation>
    </message>
    <message>
      <source>Part to compute (empty: all of it)</source>
      <translation>Zu berechnender Teil (leer: alles)</translation>
    </message>
    <message>
      <source>Least difference of scores</source>
      <translation>Kleinster Unterschied der Werte</translation>
    </message>
    <message>
      <source>Shift between the dates in pixels</source>
      <translation>Versatz der Zeitpunkte in Pixeln</translation>
    </message>
    <message>
      <source>Change of {0}</source>
      <translation>Veränderung von {0}</translation>
    </message>
    <message>
      <source>Field with the class (empty: the one that is called class, or the only one)</source>
      <translation>Feld mit der Klasse (leer: das mit dem Namen class, oder das einzige)</translation>
    </message>
    <message>
      <source>Land cover</source>
      <translation>Landbedeckung</translation>
    </message>
    <message>
      <source>Gives every pixel one class of a scheme, without training data.</source>
      <translation>Gibt jedem Pixel eine Klasse eines Schemas, ohne Trainingsdaten.</translation>
    </message>
    <message>
      <source>Add confidence layer</source>
      <translation>Konfidenzlayer hinzufügen</translation>
    </message>
    <message>
      <source>Scores per class</source>
      <translation>Werte je Klasse</translation>
    </message>
    <message>
      <source>&lt;p&gt;Gives every pixel the class whose wording fits it best. No training data is needed.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Classes&lt;/b&gt;: the name of a scheme ({0}), a scheme file (JSON), or a list: classes separated with a semicolon, synonyms of a class with a comma, as in &lt;i&gt;water; forest, trees; bare soil&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;The map lies exactly on the pixels of the input and carries class names and colours. &lt;b&gt;Areas&lt;/b&gt; is a table of hectares per class, also right in degrees. &lt;b&gt;Confidence&lt;/b&gt; adds a second band (0 to 100). &lt;b&gt;Scores&lt;/b&gt; is a raster with one band a class.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Gibt jedem Pixel die Klasse, deren Wortlaut am besten passt. Trainingsdaten sind nicht nötig.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Klassen&lt;/b&gt;: der Name eines Schemas ({0}), eine Schemadatei (JSON), oder eine Liste: Klassen durch Semikolon getrennt, Synonyme einer Klasse durch Komma, etwa &lt;i&gt;water; forest, trees; bare soil&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;Die Karte liegt genau auf den Pixeln der Eingabe und trägt Klassennamen und Farben. &lt;b&gt;Flächen&lt;/b&gt; ist eine Tabelle mit Hektar je Klasse, auch in Grad richtig. &lt;b&gt;Konfidenz&lt;/b&gt; fügt ein zweites Band hinzu (0 bis 100). &lt;b&gt;Werte&lt;/b&gt; ist ein Raster mit einem Band je Klasse.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Clusters</source>
      <translation>Gruppen</translation>
    </message>
    <message>
      <source>Divide into clusters</source>
      <translation>In Gruppen einteilen</translation>
    </message>
    <message>
      <source>Divides a raster into groups of pixels that are alike, without labels or words.</source>
      <translation>Teilt ein Raster ohne Beispiele und Worte in Gruppen ähnlicher Pixel ein.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Groups pixels whose vectors point the same way: those of embeddings (AlphaEarth, TESSERA), or the features that the model makes of an image. The clusters have no meaning of their own; name them by what they cover.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Fasst Pixel zusammen, deren Vektoren in dieselbe Richtung zeigen: die von Einbettungen (AlphaEarth, TESSERA) oder die Merkmale, die das Modell aus einem Bild macht. Die Gruppen haben keine eigene Bedeutung; benennen Sie sie nach dem, was sie bedecken.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Number of clusters</source>
      <translation>Anzahl der Gruppen</translation>
    </message>
    <message>
      <source>Seed</source>
      <translation>Startwert</translation>
    </message>
    <message>
      <source>Prepare a raster for prompts</source>
      <translation>Ein Raster für Begriffe vorbereiten</translation>
    </message>
    <message>
      <source>Computes a raster's features once and keeps them, so that every later prompt is answered at once.</source>
      <translation>Berechnet die Merkmale eines Rasters einmal und behält sie, sodass jeder spätere Begriff sofort beantwortet wird.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Computing features is the slow part of every prompt. This does it ahead of time, for instance over night in batch for many rasters; prompts and classifications on them are then quick.&lt;/p&gt;&lt;p&gt;Cancel at any time: finished tiles are kept, and the next run goes on from there.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Merkmale zu berechnen ist der langsame Teil jedes Begriffs. Dies erledigt ihn im Voraus, etwa über Nacht im Stapel für viele Raster; Begriffe und Klassifikationen gehen danach schnell.&lt;/p&gt;&lt;p&gt;Jederzeit abbrechbar: fertige Kacheln bleiben, und der nächste Lauf macht dort weiter.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Where the features lie</source>
      <translation>Wo die Merkmale liegen</translation>
    </message>
    <message>
      <source>Model to start from</source>
      <translation>Ausgangsmodell</translation>
    </message>
    <message>
      <source>Fine-tunes a model on labels you drew; the new model can be chosen at once.</source>
      <translation>Stimmt ein Modell auf gezeichnete Beispiele ab; das neue Modell ist sofort wählbar.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Draw a few polygons, points or lines of each class, put the class into a field, and the model learns them in seconds; a large model, or one that learns as a whole, takes minutes. The class names are words the model understands, so name them plainly: &lt;i&gt;solar panels&lt;/i&gt;, not &lt;i&gt;SP&lt;/i&gt;. Unseen words go on working.&lt;/p&gt;&lt;p&gt;Several rasters, also of different sensors, can serve together. Labels may lie in any coordinate reference system; a raster of class codes serves too, with &lt;b&gt;Words for codes&lt;/b&gt; as in &lt;i&gt;1=water; 2=trees&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;Whole blocks of ground are held out to measure the model before and after. The log shows a table of the classes; the new model is listed under &lt;b&gt;Name of the new model&lt;/b&gt;.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Zeichnen Sie einige Polygone, Punkte oder Linien je Klasse, schreiben Sie die Klasse in ein Feld, und das Modell lernt sie in Sekunden; ein großes Modell, oder eines, das als Ganzes lernt, braucht Minuten. Die Klassennamen sind Wörter, die das Modell versteht; nennen Sie sie also klar: &lt;i&gt;solar panels&lt;/i&gt;, nicht &lt;i&gt;SP&lt;/i&gt;. Nie gelernte Wörter wirken weiterhin.&lt;/p&gt;&lt;p&gt;Mehrere Raster, auch verschiedener Sensoren, können zusammen dienen. Die Beispiele dürfen in jedem Koordinatenbezugssystem liegen; auch ein Raster aus Klassennummern dient, mit &lt;b&gt;Wörter für Nummern&lt;/b&gt; wie in &lt;i&gt;1=water; 2=trees&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;Ganze Geländeblöcke werden zurückgehalten, um das Modell vorher und nachher zu messen. Das Protokoll zeigt eine Tabelle der Klassen; das neue Modell steht unter &lt;b&gt;Name des neuen Modells&lt;/b&gt;.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Raster layers</source>
      <translation>Rasterlayer</translation>
    </message>
    <message>
      <source>Labels (vector or raster)</source>
      <translation>Beispiele (Vektor oder Raster)</translation>
    </message>
    <message>
      <source>Words for codes, as in 1=water; 2=trees</source>
      <translation>Wörter für Nummern, wie in 1=water; 2=trees</translation>
    </message>
    <message>
      <source>Name of the new model</source>
      <translation>Name des neuen Modells</translation>
    </message>
    <message>
      <source>What learns</source>
      <translation>Was lernt</translation>
    </message>
    <message>
      <source>Steps at most</source>
      <translation>Höchstzahl der Schritte</translation>
    </message>
    <message>
      <source>Overall accuracy on held-out labels, before</source>
      <translation>Gesamtgenauigkeit an zurückgehaltenen Beispielen, vorher</translation>
    </message>
    <message>
      <source>Overall accuracy on held-out labels, after</source>
      <translation>Gesamtgenauigkeit an zurückgehaltenen Beispielen, nachher</translation>
    </message>
    <message>
      <source>Image of the same ground, where the layer holds embeddings</source>
      <translation>Bild derselben Gegend, wo der Layer Einbettungen enthält</translation>
    </message>
    <message>
      <source>Highlight what words describe</source>
      <translation>Hervorheben, was Wörter beschreiben</translation>
    </message>
    <message>
      <source>Scores every pixel of a raster by how well it matches your words.</source>
      <translation>Bewertet jedes Pixel eines Rasters danach, wie gut es zu Ihren Wörtern passt.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Type what you look for, and every pixel gets a score from 0 to 1 for how well it matches.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Prompts&lt;/b&gt;: separate several with a semicolon; each becomes a band of the file and a layer of its own in the project. Separate synonyms of one prompt with |, as in &lt;i&gt;forest | woodland; open water&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Exclude&lt;/b&gt;: what looks similar and is not meant.&lt;/p&gt;&lt;p&gt;The result lies exactly on the pixels of the input; it has no data where the input has none. The threshold only sets how the layer is shown at first, and what becomes a polygon.&lt;/p&gt;&lt;p&gt;Sensor, bands and scaling are recognised; set them under &lt;i&gt;Advanced&lt;/i&gt; where the log says they are not. Features are kept on disk, so the next prompt on the same raster is quick.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Image of the same ground&lt;/b&gt;: words cannot be compared with embeddings (AlphaEarth, TESSERA). On a layer of those they are answered from examples that they find on this image.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Geben Sie ein, was Sie suchen, und jedes Pixel erhält einen Wert von 0 bis 1 dafür, wie gut es passt.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Begriffe&lt;/b&gt;: mehrere durch Semikolon trennen; jeder wird ein Band der Datei und ein eigener Layer im Projekt. Synonyme eines Begriffs mit | trennen, etwa &lt;i&gt;forest | woodland; open water&lt;/i&gt;.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Ausschließen&lt;/b&gt;: was ähnlich aussieht und nicht gemeint ist.&lt;/p&gt;&lt;p&gt;Das Ergebnis liegt genau auf den Pixeln der Eingabe; es hat keine Daten, wo die Eingabe keine hat. Die Schwelle bestimmt nur die erste Darstellung und was zum Polygon wird.&lt;/p&gt;&lt;p&gt;Sensor, Bänder und Skalierung werden erkannt; setzen Sie sie unter &lt;i&gt;Erweitert&lt;/i&gt;, wenn das Protokoll das Gegenteil sagt. Merkmale bleiben auf der Platte, sodass der nächste Begriff auf demselben Raster schnell geht.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Bild derselben Gegend&lt;/b&gt;: Worte lassen sich nicht mit Einbettungen (AlphaEarth, TESSERA) vergleichen. Auf einem Layer mit solchen werden sie aus Beispielen beantwortet, die sie auf diesem Bild finden.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>{0} is looked for as: {1}</source>
      <translation>{0} wird gesucht als: {1}</translation>
    </message>
    <message>
      <source>Device</source>
      <translation>Gerät</translation>
    </message>
    <message>
      <source>List or import models</source>
      <translation>Modelle auflisten oder einlesen</translation>
    </message>
    <message>
      <source>Lists the models the runtime knows, or imports one from a local file.</source>
      <translation>Listet die Modelle der Laufzeit auf, oder liest eines aus einer Datei ein.</translation>
    </message>
    <message>
      <source>&lt;p&gt;&lt;b&gt;list&lt;/b&gt;: names, titles and licences of the models, and which of them are installed.&lt;/p&gt;&lt;p&gt;&lt;b&gt;import&lt;/b&gt;: takes a checkpoint you have as a file (.safetensors, .bin, .pt) and keeps it under a name. It is checked first: its keys must fit, and a short test of its text tower must pass.&lt;/p&gt;</source>
      <translation>&lt;p&gt;&lt;b&gt;list&lt;/b&gt;: Namen, Titel und Lizenzen der Modelle, und welche davon installiert sind.&lt;/p&gt;&lt;p&gt;&lt;b&gt;import&lt;/b&gt;: nimmt eine Gewichtsdatei (.safetensors, .bin, .pt) und behält sie unter einem Namen. Sie wird zuerst geprüft: ihre Schlüssel müssen passen, und ein kurzer Test ihres Textteils muss gelingen.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>What to do</source>
      <translation>Was zu tun ist</translation>
    </message>
    <message>
      <source>Checkpoint to import</source>
      <translation>Einzulesende Gewichtsdatei</translation>
    </message>
    <message>
      <source>Name to keep it under</source>
      <translation>Name, unter dem sie bleibt</translation>
    </message>
    <message>
      <source>Names of the models, separated with commas</source>
      <translation>Namen der Modelle, durch Kommas getrennt</translation>
    </message>
    <message>
      <source>Choose the checkpoint to import.</source>
      <translation>Wählen Sie die einzulesende Gewichtsdatei.</translation>
    </message>
    <message>
      <source>Reference system of the polygons (empty: the raster's)</source>
      <translation>Bezugssystem der Polygone (leer: das des Rasters)</translation>
    </message>
    <message>
      <source>Least area of a polygon (m²)</source>
      <translation>Mindestfläche eines Polygons (m²)</translation>
    </message>
    <message>
      <source>Simplify outlines by (m)</source>
      <translation>Umrisse vereinfachen um (m)</translation>
    </message>
    <message>
      <source>Smooth outlines</source>
      <translation>Umrisse glätten</translation>
    </message>
    <message>
      <source>Right angles (buildings)</source>
      <translation>Rechte Winkel (Gebäude)</translation>
    </message>
    <message>
      <source>Polygons</source>
      <translation>Polygone</translation>
    </message>
    <message>
      <source>Separate objects that touch</source>
      <translation>Objekte trennen, die sich berühren</translation>
    </message>
    <message>
      <source>Polygons are written as GeoPackage, Shapefile, GeoJSON or FlatGeobuf: choose a file that ends in {0}.</source>
      <translation>Polygone werden als GeoPackage, Shapefile, GeoJSON oder FlatGeobuf geschrieben: Wählen Sie eine Datei mit der Endung {0}.</translation>
    </message>
    <message>
      <source>COCO labels (JSON)</source>
      <translation>COCO-Labels (JSON)</translation>
    </message>
    <message>
      <source>Polygons from scores or classes</source>
      <translation>Polygone aus Werten oder Klassen</translation>
    </message>
    <message>
      <source>Outlines what scores reach a threshold, or every class of a map, with attributes.</source>
      <translation>Umrandet, was einen Schwellenwert erreicht, oder jede Klasse einer Karte, mit Attributen.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Outlines what reaches a threshold in a score raster, or every class of a class map. Each polygon has its area, the mean and highest score of its pixels, the prompt or class, the image and the day it was taken.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Separate objects that touch&lt;/b&gt; cuts polygons where scores or widths dip. &lt;b&gt;Right angles&lt;/b&gt; lets the sides of buildings follow one of two directions; neighbours keep the borders they share.&lt;/p&gt;&lt;p&gt;The file's ending chooses GeoPackage, Shapefile, GeoJSON or FlatGeobuf. &lt;b&gt;COCO labels&lt;/b&gt; are the same polygons in pixels, for training detectors.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Umrandet in einem Werteraster, was einen Schwellenwert erreicht, oder jede Klasse einer Klassenkarte. Jedes Polygon enthält seine Fläche, den mittleren und höchsten Wert seiner Pixel, den Suchbegriff oder die Klasse, das Bild und dessen Aufnahmetag.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Objekte trennen, die sich berühren&lt;/b&gt; schneidet Polygone dort, wo Werte oder Breite abnehmen. &lt;b&gt;Rechte Winkel&lt;/b&gt; lässt die Seiten von Gebäuden einer von zwei Richtungen folgen; Nachbarn behalten ihre gemeinsamen Grenzen.&lt;/p&gt;&lt;p&gt;Die Endung der Datei wählt GeoPackage, Shapefile, GeoJSON oder FlatGeobuf. &lt;b&gt;COCO-Labels&lt;/b&gt; sind dieselben Polygone in Pixeln, zum Trainieren von Detektoren.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Scores or class map</source>
      <translation>Werte oder Klassenkarte</translation>
    </message>
    <message>
      <source>The raster is a map of classes</source>
      <translation>Das Raster ist eine Klassenkarte</translation>
    </message>
    <message>
      <source>Classes wanted (separate with ;, empty: all)</source>
      <translation>Gewünschte Klassen (mit ; trennen, leer: alle)</translation>
    </message>
    <message>
      <source>Number of polygons</source>
      <translation>Anzahl der Polygone</translation>
    </message>
    <message>
      <source>Choose where the polygons go.</source>
      <translation>Wählen Sie, wohin die Polygone geschrieben werden.</translation>
    </message>
    <message>
      <source>Pixel size of the result, in the layer's units (empty: the layer's, or the finest the model knows)</source>
      <translation>Pixelgröße des Ergebnisses in Einheiten des Layers (leer: die des Layers oder die feinste, die das Modell kennt)</translation>
    </message>
    <message>
      <source>Sensor (empty: recognise it)</source>
      <translation>Sensor (leer: erkennen)</translation>
    </message>
    <message>
      <source>Band numbers, as in 4,3,2 (empty: the sensor's own)</source>
      <translation>Bandnummern, etwa 4,3,2 (leer: die des Sensors)</translation>
    </message>
    <message>
      <source>Wavelength of each band in µm, as in 0.665,0.56,0.49 (empty: the sensor's own)</source>
      <translation>Wellenlänge je Band in µm, etwa 0.665,0.56,0.49 (leer: die des Sensors)</translation>
    </message>
    <message>
      <source>Scaling (empty: as the sensor's product needs)</source>
      <translation>Skalierung (leer: wie es das Produkt verlangt)</translation>
    </message>
    <message>
      <source>The algorithm was not prepared.</source>
      <translation>Der Algorithmus wurde nicht vorbereitet.</translation>
    </message>
    <message>
      <source>Bands and wavelengths are numbers separated by commas.</source>
      <translation>Bänder und Wellenlängen sind durch Kommas getrennte Zahlen.</translation>
    </message>
    <message>
      <source>{0} Copying {1} × {2} pixels.</source>
      <translation>{0} {1} × {2} Pixel werden kopiert.</translation>
    </message>
    <message>
      <source>The GeoLangBind runtime is not set up yet. Set it up in the GeoLangBind dock.</source>
      <translation>Die GeoLangBind-Laufzeit ist noch nicht eingerichtet. Richten Sie sie im GeoLangBind-Bedienfeld ein.</translation>
    </message>
    <message>
      <source>Cancelled. Finished tiles are kept for the next run.</source>
      <translation>Abgebrochen. Fertige Kacheln bleiben für den nächsten Lauf.</translation>
    </message>
    <message>
      <source>For single classes, as in forest=0.9; water=0.95</source>
      <translation>Für einzelne Klassen, wie in forest=0.9; water=0.95</translation>
    </message>
    <message>
      <source>Seed of the random numbers</source>
      <translation>Startwert der Zufallszahlen</translation>
    </message>
    <message>
      <source>Expected accuracies are written as in forest=0.9; water=0.95.</source>
      <translation>Erwartete Genauigkeiten schreibt man wie in forest=0.9; water=0.95.</translation>
    </message>
    <message>
      <source>Create validation points</source>
      <translation>Validierungspunkte anlegen</translation>
    </message>
    <message>
      <source>Draws as many points within each class of a map as its accuracy needs, for a person to label.</source>
      <translation>Zieht in jeder Klasse einer Karte so viele Punkte, wie ihre Genauigkeit braucht; ein Mensch beschriftet sie.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Draws points at random within each class of a map, as many as it takes to know the overall accuracy to the standard error you want (Olofsson et al. 2014): an error of 0.01 means an interval of ± 2 %.&lt;/p&gt;&lt;p&gt;Look at each point on imagery and write into its field &lt;b&gt;class&lt;/b&gt; what is really there, best without looking at &lt;i&gt;map_class&lt;/i&gt;. The points are numbered in random order, so that you may stop half-way. Then run &lt;b&gt;Accuracy of a class map&lt;/b&gt; with them as the reference.&lt;/p&gt;&lt;p&gt;The accuracy you expect of the classes only plans the number of points: &lt;i&gt;forest=0.9; water=0.95&lt;/i&gt;. Rare classes get at least as many as you say. Another &lt;b&gt;seed&lt;/b&gt; draws other points.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Zieht zufällige Punkte in jeder Klasse einer Karte, so viele, wie nötig sind, um die Gesamtgenauigkeit auf den gewünschten Standardfehler zu kennen (Olofsson et al. 2014): ein Fehler von 0,01 heißt ein Intervall von ± 2 %.&lt;/p&gt;&lt;p&gt;Sehen Sie jeden Punkt auf Bildern an und schreiben Sie in sein Feld &lt;b&gt;class&lt;/b&gt;, was dort wirklich ist, am besten ohne auf &lt;i&gt;map_class&lt;/i&gt; zu sehen. Die Punkte sind in zufälliger Folge nummeriert, sodass Sie auf halbem Weg aufhören können. Danach dienen sie in &lt;b&gt;Genauigkeit einer Klassenkarte&lt;/b&gt; als Referenz.&lt;/p&gt;&lt;p&gt;Die erwartete Genauigkeit der Klassen plant nur die Zahl der Punkte: &lt;i&gt;forest=0.9; water=0.95&lt;/i&gt;. Seltene Klassen bekommen mindestens so viele, wie Sie angeben. Ein anderer &lt;b&gt;Startwert&lt;/b&gt; zieht andere Punkte.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Standard error wanted of the overall accuracy</source>
      <translation>Gewünschter Standardfehler der Gesamtgenauigkeit</translation>
    </message>
    <message>
      <source>Accuracy expected of a class</source>
      <translation>Erwartete Genauigkeit einer Klasse</translation>
    </message>
    <message>
      <source>Points of a rare class at least</source>
      <translation>Punkte einer seltenen Klasse mindestens</translation>
    </message>
    <message>
      <source>Points in all (empty: as many as the error needs)</source>
      <translation>Punkte insgesamt (leer: so viele, wie der Fehler braucht)</translation>
    </message>
    <message>
      <source>Points to label</source>
      <translation>Zu beschriftende Punkte</translation>
    </message>
    <message>
      <source>Standard error to expect</source>
      <translation>Zu erwartender Standardfehler</translation>
    </message>
    <message>
      <source>Points are written as GeoPackage: choose a file that ends in .gpkg.</source>
      <translation>Punkte werden als GeoPackage geschrieben: wählen Sie eine Datei, die auf .gpkg endet.</translation>
    </message>
    <message>
      <source>Find what looks like these places</source>
      <translation>Finden, was diesen Stellen gleicht</translation>
    </message>
    <message>
      <source>Scores every pixel by how much it looks like the places you point at.</source>
      <translation>Bewertet jedes Pixel danach, wie sehr es den gezeigten Stellen gleicht.</translation>
    </message>
    <message>
      <source>&lt;p&gt;Point at one or more places of what you look for, and every pixel gets a score from 0 to 1 for how much it looks like them. Polygons count with all of their area, lines with a point on each.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Places of what it is not&lt;/b&gt; sharpen the answer. &lt;b&gt;Words&lt;/b&gt;, where given, must agree as well: examples say what is meant here, the words what it is anywhere.&lt;/p&gt;</source>
      <translation>&lt;p&gt;Zeigen Sie auf eine oder mehrere Stellen des Gesuchten; jedes Pixel erhält einen Wert von 0 bis 1 dafür, wie sehr es ihnen gleicht. Polygone zählen mit ihrer ganzen Fläche, Linien mit je einem Punkt.&lt;/p&gt;&lt;p&gt;&lt;b&gt;Stellen, die es nicht sind&lt;/b&gt;, schärfen die Antwort. &lt;b&gt;Wörter&lt;/b&gt;, falls angegeben, müssen ebenfalls passen: Beispiele sagen, was hier gemeint ist, die Wörter, was es überall ist.&lt;/p&gt;</translation>
    </message>
    <message>
      <source>Places of what you look for</source>
      <translation>Stellen mit dem Gesuchten</translation>
    </message>
    <message>
      <source>Places of what it is not</source>
      <translation>Stellen mit dem, was nicht gemeint ist</translation>
    </message>
    <message>
      <source>Words that must agree</source>
      <translation>Wörter, die ebenfalls passen müssen</translation>
    </message>
    <message>
      <source>Likeness</source>
      <translation>Ähnlichkeit</translation>
    </message>
    <message>
      <source>There are more than {0} places. Choose some.</source>
      <translation>Es sind mehr als {0} Stellen. Wählen Sie einige aus.</translation>
    </message>
    <message>
      <source>Confidence</source>
      <translation>Konfidenz</translation>
    </message>
    <message>
      <source>Land cover ({0})</source>
      <translation>Landbedeckung ({0})</translation>
    </message>
    <message>
      <source>Land cover {0} ({1})</source>
      <translation>Landbedeckung {0} ({1})</translation>
    </message>
    <message>
      <source>The runtime is not set up.</source>
      <translation>Die Laufzeit ist nicht eingerichtet.</translation>
    </message>
    <message>
      <source>Set it up in the GeoLangBind dock.</source>
      <translation>Richten Sie sie im GeoLangBind-Bedienfeld ein.</translation>
    </message>
    <message>
      <source>Confidence, % ({0})</source>
      <translation>Konfidenz, % ({0})</translation>
    </message>
    <message>
      <source>The runtime is not set up. Set it up in the GeoLangBind dock.</source>
      <translation>Die Laufzeitumgebung ist nicht eingerichtet. Richten Sie sie im GeoLangBind-Fenster ein.</translation>
    </message>
    <message>
      <source>Fetching pixels</source>
      <translation>Pixel werden abgerufen</translation>
    </message>
    <message>
      <source>the package registry's torch has CUDA inside, as PyTorch's own index cannot be reached</source>
      <translation>das torch des Paketverzeichnisses enthält CUDA, da PyTorchs eigenes nicht erreichbar ist</translation>
    </message>
    <message>
      <source>as asked for</source>
      <translation>wie gewünscht</translation>
    </message>
    <message>
      <source>Apple's graphics are used through Metal</source>
      <translation>Apples Grafik wird über Metal benutzt</translation>
    </message>
    <message>
      <source>no NVIDIA driver was found</source>
      <translation>kein NVIDIA-Treiber gefunden</translation>
    </message>
    <message>
      <source>{0}, driver {1}</source>
      <translation>{0}, Treiber {1}</translation>
    </message>
    <message>
      <source>NVIDIA card</source>
      <translation>NVIDIA-Karte</translation>
    </message>
    <message>
      <source>the NVIDIA driver {0} is too old for this torch; with 525 or newer the card can be used</source>
      <translation>der NVIDIA-Treiber {0} ist zu alt für dieses torch; ab 525 kann die Karte benutzt werden</translation>
    </message>
    <message>
      <source>Pack it again on the computer with a network, and copy all of it.</source>
      <translation>Packen Sie es auf dem Rechner mit Netz neu und kopieren Sie es ganz.</translation>
    </message>
    <message>
      <source>Choose an empty folder.</source>
      <translation>Wählen Sie einen leeren Ordner.</translation>
    </message>
    <message>
      <source>it was made by another version</source>
      <translation>es stammt von einer anderen Version</translation>
    </message>
    <message>
      <source>it was packed for another version of the plugin</source>
      <translation>es wurde für eine andere Version des Plugins gepackt</translation>
    </message>
    <message>
      <source>its list of files cannot be read</source>
      <translation>seine Dateiliste ist nicht lesbar</translation>
    </message>
    <message>
      <source>The bundle {0} is refused: {1}.</source>
      <translation>Das Bündel {0} wird abgelehnt: {1}.</translation>
    </message>
    <message>
      <source>The folder {0} is not empty.</source>
      <translation>Der Ordner {0} ist nicht leer.</translation>
    </message>
    <message>
      <source>it holds {0}, which its list does not name</source>
      <translation>es enthält {0}, was seine Liste nicht nennt</translation>
    </message>
    <message>
      <source>Checking {0}</source>
      <translation>Prüfe {0}</translation>
    </message>
    <message>
      <source>it names the file {0} outside its folder</source>
      <translation>es nennt die Datei {0} außerhalb seines Ordners</translation>
    </message>
    <message>
      <source>the file {0} is missing</source>
      <translation>die Datei {0} fehlt</translation>
    </message>
    <message>
      <source>the file {0} has changed</source>
      <translation>die Datei {0} wurde verändert</translation>
    </message>
    <message>
      <source>Remove that runtime first.</source>
      <translation>Entfernen Sie diese zuerst.</translation>
    </message>
    <message>
      <source>Close other QGIS windows that use the runtime, then try again.</source>
      <translation>Schließen Sie andere QGIS-Fenster, die die Laufzeit benutzen, und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>The folder {0} holds an installed runtime.</source>
      <translation>Der Ordner {0} enthält eine installierte Laufzeit.</translation>
    </message>
    <message>
      <source>Remove it by hand if you no longer need it.</source>
      <translation>Entfernen Sie ihn von Hand, wenn Sie ihn nicht mehr brauchen.</translation>
    </message>
    <message>
      <source>The folder {0} cannot be removed ({1}).</source>
      <translation>Der Ordner {0} kann nicht entfernt werden ({1}).</translation>
    </message>
    <message>
      <source>The folder {0} was not made by GeoLangBind.</source>
      <translation>Der Ordner {0} stammt nicht von GeoLangBind.</translation>
    </message>
    <message>
      <source>Repair the runtime, or install what is missing.</source>
      <translation>Reparieren Sie die Laufzeit, oder installieren Sie, was fehlt.</translation>
    </message>
    <message>
      <source>Choose the Python of an environment.</source>
      <translation>Wählen Sie das Python einer Umgebung.</translation>
    </message>
    <message>
      <source>Repair the runtime, or choose another environment.</source>
      <translation>Reparieren Sie die Laufzeit, oder wählen Sie eine andere Umgebung.</translation>
    </message>
    <message>
      <source>, and {0} more</source>
      <translation>, und {0} weitere</translation>
    </message>
    <message>
      <source>The environment is not complete: {0}{1}.</source>
      <translation>Die Umgebung ist nicht vollständig: {0}{1}.</translation>
    </message>
    <message>
      <source>{0} cannot be started ({1}).</source>
      <translation>{0} kann nicht gestartet werden ({1}).</translation>
    </message>
    <message>
      <source>The self-test of {0} ended without a result (status {1}).</source>
      <translation>Der Selbsttest von {0} endete ohne Ergebnis (Status {1}).</translation>
    </message>
    <message>
      <source>Choose a folder that you may write to.</source>
      <translation>Wählen Sie einen Ordner, in den Sie schreiben dürfen.</translation>
    </message>
    <message>
      <source>Another set-up of the runtime is at work.</source>
      <translation>Eine andere Einrichtung der Laufzeit ist im Gange.</translation>
    </message>
    <message>
      <source>Wait until it has ended, then try again.</source>
      <translation>Warten Sie ihr Ende ab, und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>The folder {0} cannot be written to ({1}).</source>
      <translation>In den Ordner {0} kann nicht geschrieben werden ({1}).</translation>
    </message>
    <message>
      <source>Downloading packages</source>
      <translation>Pakete werden geladen</translation>
    </message>
    <message>
      <source>Testing</source>
      <translation>Prüfung</translation>
    </message>
    <message>
      <source>Ready</source>
      <translation>Fertig</translation>
    </message>
    <message>
      <source>Making the environment</source>
      <translation>Umgebung wird angelegt</translation>
    </message>
    <message>
      <source>Downloading the text model</source>
      <translation>Textmodell wird geladen</translation>
    </message>
    <message>
      <source>Preparing the installer</source>
      <translation>Installationsprogramm wird vorbereitet</translation>
    </message>
    <message>
      <source>On Debian or Ubuntu install it with: sudo apt install python3-venv</source>
      <translation>Unter Debian oder Ubuntu wird es so installiert: sudo apt install python3-venv</translation>
    </message>
    <message>
      <source>This torch cannot use the graphics card ({0}), so the processor is used: update the card's driver, or repair the runtime where download.pytorch.org can be reached.</source>
      <translation>Dieses torch kann die Grafikkarte nicht benutzen ({0}), daher rechnet der Prozessor: erneuern Sie den Treiber der Karte, oder reparieren Sie die Laufzeit, wo download.pytorch.org erreichbar ist.</translation>
    </message>
    <message>
      <source>Installing packages</source>
      <translation>Pakete werden installiert</translation>
    </message>
    <message>
      <source>Downloading torch for {0}</source>
      <translation>torch für {0} wird geladen</translation>
    </message>
    <message>
      <source>Taking the model {0}</source>
      <translation>Übernehme das Modell {0}</translation>
    </message>
    <message>
      <source>See the set-up log for the details.</source>
      <translation>Einzelheiten stehen im Protokoll.</translation>
    </message>
    <message>
      <source>Downloading {0} ({1})</source>
      <translation>{0} wird geladen ({1})</translation>
    </message>
    <message>
      <source>The Python {0} lacks its venv module.</source>
      <translation>Dem Python {0} fehlt sein venv-Modul.</translation>
    </message>
    <message>
      <source>The model {0} of the bundle cannot be used.</source>
      <translation>Das Modell {0} des Bündels kann nicht verwendet werden.</translation>
    </message>
    <message>
      <source>Or install from a folder of wheels that was filled on another computer (pip download).</source>
      <translation>Oder installieren Sie aus einem Ordner mit Wheels, der an einem anderen Rechner gefüllt wurde (pip download).</translation>
    </message>
    <message>
      <source>no reason was given</source>
      <translation>ohne Angabe von Gründen</translation>
    </message>
    <message>
      <source>The disk is full.</source>
      <translation>Die Platte ist voll.</translation>
    </message>
    <message>
      <source>Free some space or choose a folder on another disk, then start again.</source>
      <translation>Schaffen Sie Platz, oder wählen Sie einen Ordner auf einer anderen Platte, und starten Sie erneut.</translation>
    </message>
    <message>
      <source>A downloaded package is not the one that was published, and was refused.</source>
      <translation>Ein geladenes Paket ist nicht das veröffentlichte und wurde abgelehnt.</translation>
    </message>
    <message>
      <source>Try again; if it happens again, your network may be changing downloads.</source>
      <translation>Versuchen Sie es erneut; geschieht es wieder, verändert vielleicht Ihr Netz die Daten.</translation>
    </message>
    <message>
      <source>The proxy refused the connection.</source>
      <translation>Der Proxy hat die Verbindung abgelehnt.</translation>
    </message>
    <message>
      <source>Check address, user and password of the proxy in QGIS: Settings, Options, Network.</source>
      <translation>Prüfen Sie Adresse, Benutzer und Passwort des Proxys in QGIS: Einstellungen, Optionen, Netzwerk.</translation>
    </message>
    <message>
      <source>The server's certificate is not trusted, as happens behind firewalls that open encrypted traffic.</source>
      <translation>Dem Zertifikat des Servers wird nicht vertraut, wie hinter Firewalls, die verschlüsselten Verkehr öffnen.</translation>
    </message>
    <message>
      <source>The package registry cannot be reached.</source>
      <translation>Das Paketverzeichnis ist nicht erreichbar.</translation>
    </message>
    <message>
      <source>The folder of the runtime cannot be written to.</source>
      <translation>In den Ordner der Laufzeit kann nicht geschrieben werden.</translation>
    </message>
    <message>
      <source>Choose a folder that you may write to; on Windows an antivirus program may hold it: allow it there.</source>
      <translation>Wählen Sie einen Ordner, in den Sie schreiben dürfen; unter Windows hält ihn vielleicht ein Virenschutz fest: erlauben Sie ihn dort.</translation>
    </message>
    <message>
      <source>The computer ran out of memory during the installation.</source>
      <translation>Dem Rechner ging bei der Installation der Arbeitsspeicher aus.</translation>
    </message>
    <message>
      <source>Close other programs and try again.</source>
      <translation>Schließen Sie andere Programme, und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>Fill it on a computer with the same system and Python: pip download -r runtime.txt -c runtime.lock</source>
      <translation>Füllen Sie ihn an einem Rechner mit gleichem System und Python: pip download -r runtime.txt -c runtime.lock</translation>
    </message>
    <message>
      <source>The installation failed: {0}.</source>
      <translation>Die Installation ist gescheitert: {0}.</translation>
    </message>
    <message>
      <source>Ask for your organisation's CA file and name it in the set-up.</source>
      <translation>Fragen Sie nach der CA-Datei Ihrer Organisation, und nennen Sie sie bei der Einrichtung.</translation>
    </message>
    <message>
      <source>Check the network and QGIS's proxy settings, then try again.</source>
      <translation>Prüfen Sie das Netz und die Proxy-Einstellungen von QGIS, und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>The folder of wheels lacks {0}.</source>
      <translation>Im Ordner der Wheels fehlt {0}.</translation>
    </message>
    <message>
      <source>The package registry has no {0} for this system and Python version.</source>
      <translation>Das Paketverzeichnis hat kein {0} für dieses System und diese Python-Version.</translation>
    </message>
    <message>
      <source>Name another Python ({0}), or check that your registry mirror is complete.</source>
      <translation>Nennen Sie ein anderes Python ({0}), oder prüfen Sie, ob Ihr Spiegel vollständig ist.</translation>
    </message>
    <message>
      <source>the package registry</source>
      <translation>dem Paketverzeichnis</translation>
    </message>
    <message>
      <source>the processor</source>
      <translation>Prozessor</translation>
    </message>
    <message>
      <source>the graphics card (CUDA)</source>
      <translation>Grafikkarte (CUDA)</translation>
    </message>
    <message>
      <source>the graphics card (Metal)</source>
      <translation>Grafikkarte (Metal)</translation>
    </message>
    <message>
      <source>Choose the folder with the .whl files.</source>
      <translation>Wählen Sie den Ordner mit den .whl-Dateien.</translation>
    </message>
    <message>
      <source>Free some space, or choose a folder on another disk.</source>
      <translation>Schaffen Sie Platz, oder wählen Sie einen Ordner auf einer anderen Platte.</translation>
    </message>
    <message>
      <source>Choose a folder with a short path, for instance C:\geolangbind.</source>
      <translation>Wählen Sie einen Ordner mit kurzem Pfad, etwa C:\geolangbind.</translation>
    </message>
    <message>
      <source>QGIS runs as a Flatpak: set up again when an update brings it another Python.</source>
      <translation>QGIS läuft als Flatpak: Richten Sie erneut ein, wenn ein Update ein anderes Python mitbringt.</translation>
    </message>
    <message>
      <source>QGIS runs as a Snap: the environment lies in the Snap's own common folder.</source>
      <translation>QGIS läuft als Snap: Die Umgebung liegt im gemeinsamen Ordner des Snaps.</translation>
    </message>
    <message>
      <source>Choose another folder for the runtime.</source>
      <translation>Wählen Sie einen anderen Ordner für die Laufzeit.</translation>
    </message>
    <message>
      <source>Choose an empty folder for the runtime.</source>
      <translation>Wählen Sie einen leeren Ordner für die Laufzeit.</translation>
    </message>
    <message>
      <source>the folder {0}</source>
      <translation>dem Ordner {0}</translation>
    </message>
    <message>
      <source>the bundle {0} with {1} models</source>
      <translation>dem Bündel {0} mit {1} Modellen</translation>
    </message>
    <message>
      <source>Where: {0}</source>
      <translation>Wo: {0}</translation>
    </message>
    <message>
      <source>What: {0} Python packages and the text model, from {1}</source>
      <translation>Was: {0} Python-Pakete und das Textmodell, aus {1}</translation>
    </message>
    <message>
      <source>Device: {0}; {1}</source>
      <translation>Gerät: {0}; {1}</translation>
    </message>
    <message>
      <source>Size: about {0} on disk and {1} to download; {2} free</source>
      <translation>Größe: etwa {0} auf der Platte, {1} zu laden; {2} frei</translation>
    </message>
    <message>
      <source>Python: {0} ({1})</source>
      <translation>Python: {0} ({1})</translation>
    </message>
    <message>
      <source>There are no wheels in the folder {0}.</source>
      <translation>Im Ordner {0} sind keine Wheels.</translation>
    </message>
    <message>
      <source>The disk of {0} has {1} free, but about {2} are needed.</source>
      <translation>Auf der Platte von {0} sind {1} frei, aber etwa {2} nötig.</translation>
    </message>
    <message>
      <source>The path {0} is too long for Windows.</source>
      <translation>Der Pfad {0} ist für Windows zu lang.</translation>
    </message>
    <message>
      <source>{0} is a file.</source>
      <translation>{0} ist eine Datei.</translation>
    </message>
    <message>
      <source>The folder {0} holds other files.</source>
      <translation>Der Ordner {0} enthält andere Dateien.</translation>
    </message>
    <message>
      <source>The folder {0} cannot be written to.</source>
      <translation>In den Ordner {0} kann nicht geschrieben werden.</translation>
    </message>
    <message>
      <source>{0} to {1}</source>
      <translation>{0} bis {1}</translation>
    </message>
    <message>
      <source>Miniforge in your home folder needs no administrator and is found by itself.</source>
      <translation>Miniforge im eigenen Benutzerordner braucht keinen Administrator und wird von selbst gefunden.</translation>
    </message>
    <message>
      <source>Install Python 3.12 from python.org (“for me only” needs no administrator), then try again.</source>
      <translation>Installieren Sie Python 3.12 von python.org („nur für mich“ braucht keinen Administrator) und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>none was found</source>
      <translation>keines gefunden</translation>
    </message>
    <message>
      <source>QGIS runs as a Snap, which cannot use other Pythons of the computer: install QGIS from its own package sources (qgis.org), or as a Flatpak.</source>
      <translation>QGIS läuft als Snap und kann andere Pythons des Rechners nicht nutzen: Installieren Sie QGIS aus seinen eigenen Paketquellen (qgis.org) oder als Flatpak.</translation>
    </message>
    <message>
      <source>Install Python 3.12 for Apple silicon from python.org, then try again, or name another Python.</source>
      <translation>Installieren Sie Python 3.12 für Apple Silicon von python.org und versuchen Sie es erneut, oder nennen Sie ein anderes Python.</translation>
    </message>
    <message>
      <source>it does not start</source>
      <translation>es startet nicht</translation>
    </message>
    <message>
      <source>it is a 32-bit program</source>
      <translation>es ist ein 32-Bit-Programm</translation>
    </message>
    <message>
      <source>it is made for Intel processors, for which PyTorch has no packages</source>
      <translation>es ist für Intel-Prozessoren gemacht, für die PyTorch keine Pakete hat</translation>
    </message>
    <message>
      <source>No Python {0} can be used ({1}).</source>
      <translation>Kein Python {0} ist brauchbar ({1}).</translation>
    </message>
    <message>
      <source>QGIS runs as a Flatpak; start it once with: flatpak run --devel org.qgis.qgis</source>
      <translation>QGIS läuft als Flatpak; starten Sie es einmal mit: flatpak run --devel org.qgis.qgis</translation>
    </message>
    <message>
      <source>Install Python 3.11 or newer (Debian, Ubuntu: sudo apt install python3 python3-venv), or name another.</source>
      <translation>Installieren Sie Python 3.11 oder neuer (Debian, Ubuntu: sudo apt install python3 python3-venv), oder nennen Sie ein anderes.</translation>
    </message>
    <message>
      <source>version {0} is not {1}</source>
      <translation>Version {0} ist nicht {1}</translation>
    </message>
    <message>
      <source>it lacks {0}</source>
      <translation>ihm fehlt {0}</translation>
    </message>
    <message>
      <source>{0} cannot be used: {1}.</source>
      <translation>{0} ist nicht brauchbar: {1}.</translation>
    </message>
    <message>
      <source>Start it again to go on; what is downloaded is kept.</source>
      <translation>Starten Sie erneut, um weiterzumachen; Geladenes bleibt erhalten.</translation>
    </message>
  </context>
</TS>

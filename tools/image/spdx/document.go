// Package spdx writes what an image consists of as a document of SPDX 2.3 in
// its JSON form, and checks such documents against the rules that a reader
// relies on. It finds nothing out by itself: it is told files and packages.
//
//	data, err := spdx.Write(spdx.Content{Name: "sco", Version: "v1", Packages: packages, Files: files})
package spdx

// The types below have the names and keys of SPDX 2.3 (annex on JSON), as far
// as we use them.
type (
	// A Document is the whole.
	Document struct {
		Version       string         `json:"spdxVersion"`
		DataLicense   string         `json:"dataLicense"`
		ID            string         `json:"SPDXID"`
		Name          string         `json:"name"`
		Namespace     string         `json:"documentNamespace"`
		Creation      Creation       `json:"creationInfo"`
		Packages      []Package      `json:"packages"`
		Files         []File         `json:"files"`
		Relationships []Relationship `json:"relationships"`
	}
	// Creation tells who made the document and when.
	Creation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	// A Package is something with a version: the image, a module, a Debian package.
	Package struct {
		ID               string        `json:"SPDXID"`
		Name             string        `json:"name"`
		Version          string        `json:"versionInfo"`
		Purpose          string        `json:"primaryPackagePurpose"`
		Supplier         string        `json:"supplier,omitempty"`
		Download         string        `json:"downloadLocation"`
		Homepage         string        `json:"homepage,omitempty"`
		SourceInfo       string        `json:"sourceInfo,omitempty"`
		FilesAnalyzed    bool          `json:"filesAnalyzed"`
		Verification     *Verification `json:"packageVerificationCode,omitempty"`
		Checksums        []Checksum    `json:"checksums,omitempty"`
		LicenseConcluded string        `json:"licenseConcluded"`
		LicenseDeclared  string        `json:"licenseDeclared"`
		LicenseComments  string        `json:"licenseComments,omitempty"`
		Copyright        string        `json:"copyrightText"`
		References       []Reference   `json:"externalRefs,omitempty"`
	}
	// Verification is a sum over all files of a package.
	Verification struct {
		Value    string   `json:"packageVerificationCodeValue"`
		Excluded []string `json:"packageVerificationCodeExcludedFiles,omitempty"`
	}
	// A Checksum is one sum.
	Checksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	// A Reference is the name of a package elsewhere.
	Reference struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	// A File is one file of the image.
	File struct {
		ID               string     `json:"SPDXID"`
		Name             string     `json:"fileName"`
		Types            []string   `json:"fileTypes"`
		Checksums        []Checksum `json:"checksums"`
		LicenseConcluded string     `json:"licenseConcluded"`
		LicenseInFile    []string   `json:"licenseInfoInFiles"`
		Copyright        string     `json:"copyrightText"`
	}
	// A Relationship joins two of the things above.
	Relationship struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

// unknown is what is said where nothing is known for sure.
const unknown = "NOASSERTION"

const (
	documentID = "SPDXRef-DOCUMENT"
	imageID    = "SPDXRef-Image"
)
